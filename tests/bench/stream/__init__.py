"""The probe of continuous mode: a steady load, and the time from a broker's acknowledgement to the metric by HTTP."""
