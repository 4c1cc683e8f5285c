"""Reports on advertising campaigns: each event says how often its campaign was shown and clicked."""

from datetime import timedelta
from functools import lru_cache
from random import Random

from lakehouse.datasets.ad_campaigns import DATASET
from producers.generators.breakage import JSON_BREAKAGES, absent, again, changed, contradiction, wrong
from producers.generators.drawing import LAST_DAY, Draw, Record, Rng, between, identifier, money, pick
from producers.generators.sequence import Generator

CAMPAIGNS = 100
EVENTS_PER_CAMPAIGN = 160


@lru_cache(maxsize=4)
def prepare(seed: int) -> Draw:
    """Return the function that draws an event of one of this seed's campaigns; ctr is clicks / impressions."""
    campaigns = [_campaign(seed, number) for number in range(CAMPAIGNS)]

    def draw(rng: Rng, ident: str) -> Record:
        campaign, rate = pick(rng, campaigns)
        impressions = between(rng, 200, 20_000)
        # At least one click, so that ctr is never a number that JSON writes with an exponent.
        clicks = max(1, int(impressions * rate * (0.5 + rng())))
        return {
            "event_id": ident,
            **campaign,
            "clicks": clicks,
            "impressions": impressions,
            "ctr": round(clicks / impressions, 6),
        }

    return draw


def _campaign(seed: int, number: int) -> tuple[Record, float]:
    """Return what all events of a campaign share, and its usual share of clicks (0.005 to 0.06)."""
    rng = Random(f"{seed}:campaign:{number}").random
    start = LAST_DAY - timedelta(days=between(rng, 60, 360))
    end = start + timedelta(days=between(rng, 7, 60))
    shared: Record = {
        "campaign_id": f"CMP-{identifier(seed, 'campaign', number)[:8]}",
        "start_date": start.isoformat(),
        "end_date": end.isoformat(),
        "budget": money(between(rng, 500_00, 50_000_00)),
    }
    return shared, 0.005 + 0.055 * rng()


def _more_clicks_than_impressions(record: Record) -> Record:
    return {"clicks": int(str(record["impressions"])) + 7}


def _swapped_dates(record: Record) -> Record:
    return {"start_date": record["end_date"], "end_date": record["start_date"]}


def _one_more_impression(record: Record) -> Record:
    return {"impressions": int(str(record["impressions"])) + 1}


BREAKAGES = (
    changed("clicks_above_impressions", "clicks_above_impressions", "clicks", _more_clicks_than_impressions),
    changed("end_before_start", "end_before_start", "end_date", _swapped_dates),
    wrong("clicks_negative", "negative", "clicks", -1),
    wrong("ctr_of_other_numbers", "ctr_mismatch", "ctr", 0.5, 1.5),
    wrong("clicks_no_whole_number", "number_format", "clicks", "3.5", "a lot"),
    wrong("budget_in_another_form", "number_format", "budget", "1,000.00", "€500"),
    wrong("budget_with_three_places", "scale", "budget", "12.345"),
    wrong("budget_too_large", "overflow", "budget", "123456789012345.00"),
    wrong("date_in_another_form", "date", "start_date", "31/12/2024", "2025-02-30"),
    absent("campaign_id"),
    absent("impressions"),
    again("event_id"),
    contradiction("event_id", _one_more_impression),
    *JSON_BREAKAGES,
)

GENERATOR = Generator(
    DATASET,
    prepare,
    BREAKAGES,
    partition_by="campaign_id",
    simple=("campaign_id", "start_date", "end_date", "budget", "clicks", "impressions", "ctr"),
    file_formats={"full": "lines", "simple": "lines"},
    rows=CAMPAIGNS * EVENTS_PER_CAMPAIGN,
)
