"""Health check of the API's container: ends with 0 where the server answers, with whatever health of HDFS and gold."""

import sys
import urllib.error
import urllib.request

try:
    urllib.request.urlopen("http://127.0.0.1:8000/api/health/", timeout=5)
except urllib.error.HTTPError as answer:
    sys.exit(answer.code != 503)
except OSError:
    sys.exit(1)
