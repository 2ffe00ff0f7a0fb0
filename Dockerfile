# One image for the code server, the webserver, the daemon, the gateway and the dashboard; the command says which.
FROM python:3.13-slim

WORKDIR /app
COPY requirements/deploy.txt requirements/
RUN pip install --no-cache-dir --require-hashes --only-binary :all: -r requirements/deploy.txt

COPY workspace.yaml ./
COPY deploy/dagster.yaml /opt/dagster/dagster.yaml
COPY flowguard flowguard

RUN useradd --uid 1000 flowguard && install -d -o flowguard /var/lib/flowguard && chown flowguard /opt/dagster
USER flowguard

ENV PYTHONUNBUFFERED=1 DO_NOT_TRACK=1 DAGSTER_HOME=/opt/dagster FLOWGUARD_HOME=/var/lib/flowguard
