# Gatehouse in a container. `docker build .` makes the portal; `--target cloud` makes the embedded AWS of the demo.

# By digest, so that a build tomorrow is the build of today: docs/operations.md says how to take a newer one.
ARG BASE=python:3.13-slim-bookworm@sha256:cbd229d7b9bd041012af758ce5ffd807a6518d76493ce9035d208f1db9ceff1e
FROM ${BASE} AS base
WORKDIR /gatehouse
ENV PATH=/gatehouse/.venv/bin:$PATH \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

# Packages, each checked against its hash. pip stays behind in this stage's cache, not in a layer of its own.
FROM base AS packages
COPY requirements/runtime.txt requirements/runtime.txt
RUN python -m venv .venv && pip install --no-cache-dir --require-hashes -r requirements/runtime.txt

FROM packages AS demo-packages
COPY requirements/demo.txt requirements/demo.txt
RUN pip install --no-cache-dir --require-hashes -r requirements/demo.txt

# The product, with its static files collected, compressed and named by their content.
FROM packages AS product
COPY manage.py gunicorn.conf.py ./
COPY accounts accounts
COPY portal portal
COPY templates templates
RUN python manage.py collectstatic --noinput && python -m compileall -q accounts portal
# What the packages are, for whoever looks for known vulnerabilities.
COPY deploy/container/sbom.py deploy/container/sbom.py
RUN python deploy/container/sbom.py > sbom.cdx.json

# The embedded AWS: for trying the portal out, never for real keys.
FROM base AS cloud
COPY --from=demo-packages /gatehouse/.venv .venv
COPY demo demo
# AWS's limits, which both know.
COPY accounts/__init__.py accounts/__init__.py
COPY accounts/aws/__init__.py accounts/aws/limits.py accounts/aws/
USER 10001:10001
EXPOSE 8002
HEALTHCHECK --interval=5s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import socket; socket.create_connection(('127.0.0.1', 8002), 3).close()"]
CMD ["python", "-m", "demo.cloud", "--host", "0.0.0.0", "--port", "8002", "--trusting"]

# The portal. Files belong to root and the process does not: it can change nothing of itself.
FROM base AS portal
COPY --from=product /gatehouse .
COPY deploy/container deploy/container
COPY deploy/keycloak/gatehouse.toml deploy/keycloak/gatehouse.toml
ENV BIND=0.0.0.0:8000
USER 10001:10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "deploy/container/healthy.py"]
CMD ["sh", "deploy/container/start"]
