"""Posts about the shop's products, with their likes and retweets."""

from functools import lru_cache

from faker import Faker

from lakehouse.datasets.social_data import DATASET
from producers.generators.breakage import JSON, JSON_BREAKAGES, absent, again, contradiction, garbled, wrong
from producers.generators.catalogue import PRODUCTS
from producers.generators.drawing import Draw, Record, Rng, between, moment, pick, wheel
from producers.generators.sequence import Generator

_USERS = 1500
_PRODUCTS = wheel((p.name, p.weight) for p in PRODUCTS)
_OPINIONS = (
    "Just got my {}, love it! 😍",
    "Would you recommend the {}?",
    "The {} broke after two weeks… not amused.",
    'My verdict on the {}: "worth every cent".',
    "{} on sale again, finally.",
    "Can't imagine working without my {}.",
    "Unboxing the {} tonight 📦",
    "<b>{}</b> review is up on the blog",
    "Été idéal avec mon {} ☀️",
    "שלום! {} is great",
)
# Most posts name their product in a field of its own, a few only in the text.
_NAMED = wheel(((True, 49), (False, 1)))


@lru_cache(maxsize=4)
def prepare(seed: int) -> Draw:
    """Return the function that draws a post by one of this seed's users; few posts get most of the likes."""
    fake = Faker(["en_US", "fr_FR"])
    fake.seed_instance(f"{seed}:posts")
    users = [fake.user_name() for _ in range(_USERS)]
    asides = ["", *(f" {fake.sentence(nb_words=5)}" for _ in range(8))]

    def draw(rng: Rng, ident: str) -> Record:
        product = pick(rng, _PRODUCTS)
        likes = int(3 + 40 * rng() / (1.01 - rng()))
        return {
            "post_id": ident,
            "user": pick(rng, users),
            "message": pick(rng, _OPINIONS).format(product) + pick(rng, asides),
            "product": product if pick(rng, _NAMED) else None,
            "post_date": moment(rng, "T") + "Z",
            "likes": likes,
            "retweets": between(rng, 0, likes // 4),
        }

    return draw


def _more_likes(record: Record) -> Record:
    return {"likes": int(str(record["likes"])) + 1}


BREAKAGES = (
    absent("user"),
    absent("likes"),
    garbled("key_in_another_case", "required", JSON, lambda raw: raw.replace(b'"likes":', b'"Likes":')),
    wrong("likes_no_whole_number", "number_format", "likes", "3.5", "many", True),
    wrong("likes_too_many", "overflow", "likes", 99999999999),
    wrong("likes_negative", "negative", "likes", -5),
    wrong("date_in_another_form", "date", "post_date", "31/12/2024", "soon", "2025-02-30T10:00:00Z"),
    wrong("date_out_of_range", "date_range", "post_date", "2099-01-01T00:00:00Z", "1999-12-31T23:59:59Z"),
    wrong("control_character", "control_char", "message", "Nothing\x00 to see", "Beep\x07"),
    wrong("latin_1_bytes", "encoding", "message", "Tr\udce8s bien"),
    again("post_id"),
    contradiction("post_id", _more_likes),
    *JSON_BREAKAGES,
)

GENERATOR = Generator(
    DATASET,
    prepare,
    BREAKAGES,
    partition_by="post_id",
    simple=("user", "message", "post_date", "likes", "retweets"),
    file_formats={"full": "array", "simple": "array"},
)
