FROM python:3.12-slim AS service

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/luffy

COPY requirements.lock .
RUN pip install --no-cache-dir --require-hashes --requirement requirements.lock

COPY . .
# DEBUG only lets the settings load without a secret; nothing of it stays in the image.
RUN DEBUG=on python manage.py collectstatic --noinput \
    && mkdir var/media \
    && useradd --system --no-create-home luffy \
    && chown --recursive luffy var
USER luffy

EXPOSE 8000
# Migrations may take longer than a request's statement may. In a container, the loopback would reach
# nobody.
CMD ["sh", "-c", "DATABASE_STATEMENT_TIMEOUT=0 python manage.py migrate --noinput && BIND=${BIND:-0.0.0.0:${PORT:-8000}} exec gunicorn luffy.wsgi"]


# What stands in front of it: buffers requests and answers, serves files.
FROM nginx:1.28-alpine AS front

COPY deploy/nginx.conf /etc/nginx/nginx.conf
COPY --from=service /srv/luffy/var/static /srv/static
