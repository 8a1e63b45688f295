FROM python:3.11-slim-bookworm

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 PYTHONPATH=/srv \
    HANGJI_DATA_DIR=/data HANGJI_KEYS_FILE=/keys/keys.json HANGJI_EVIDENCE_DIR=/evidence

RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin hangji \
    && install -d -o hangji -g hangji -m 700 /data /keys /evidence
WORKDIR /srv

COPY requirements.txt .
RUN pip install --no-cache-dir --disable-pip-version-check --only-binary :all: \
    --require-hashes -r requirements.txt

# Only what runs: no build step, so nothing more is fetched.
COPY LICENSE alembic.ini ./
COPY migrations migrations
COPY app app

USER hangji
EXPOSE 8000
# The host must be one of HANGJI_ALLOWED_HOSTS, so keep 127.0.0.1 among them.
HEALTHCHECK --interval=15s --timeout=3s --start-period=20s CMD \
    ["python", "-c", "from urllib.request import urlopen; urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve", "--host", "0.0.0.0", "--no-worker"]
