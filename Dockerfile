# Two stages: the compiler that durable-rules needs stays in the first one.
FROM python:3.11-slim AS build
RUN apt-get update && apt-get install -y --no-install-recommends gcc libc6-dev && rm -rf /var/lib/apt/lists/*
WORKDIR /src
RUN python -m venv /opt/venv
COPY requirements.lock ./
RUN /opt/venv/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
COPY pyproject.toml README.md LICENSE ./
COPY engine engine
COPY integrations integrations
COPY api api
RUN /opt/venv/bin/pip install --no-cache-dir --no-deps .

FROM python:3.11-slim
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/esa-policy esa
COPY --from=build /opt/venv /opt/venv
COPY policies.yaml /policy/policies.yaml
COPY rules /policy/rules
# `esa-policy publish` runs the cases first.
COPY tests/cases /policy/tests/cases
ENV PATH=/opt/venv/bin:$PATH POLICY_DIR=/policy PYTHONUNBUFFERED=1 \
    DATABASE_URL=sqlite:////var/lib/esa-policy/esa.sqlite
USER esa
WORKDIR /var/lib/esa-policy
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=10s \
  CMD ["python", "-c", "import httpx; httpx.get('http://127.0.0.1:8000/healthz', timeout=2).raise_for_status()"]
CMD ["sh", "-c", "esa-policy migrate && exec esa-policy serve --host 0.0.0.0 --port 8000"]
