"""An embedded AWS for the demo and tests: moto's STS and IAM, and a stand-in for the console's federation endpoint.

    cloud = Cloud()                            # chained=True refuses SessionDuration, as AWS does then
    with serve(cloud) as server:               # demo.cloud.server; port=0 picks a free one
        server.url                             # for AWS_ENDPOINT_URL_STS and AWS_FEDERATION_ENDPOINT

moto lets everybody assume any role of any account: it checks calls, not trust policies.
As a process: `python -m demo.cloud --port 8002`.
"""

from __future__ import annotations

from demo.cloud.federation import Cloud

__all__ = ["Cloud"]
