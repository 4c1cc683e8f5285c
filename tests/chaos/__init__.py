"""Jobs and services killed and frozen at random while records come in, and the count afterwards."""
