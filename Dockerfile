FROM python:3.12-slim

ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1
WORKDIR /srv/luffy

COPY requirements.txt .
RUN pip install --no-cache-dir --requirement requirements.txt

COPY . .
# DEBUG only lets the settings load without a secret; nothing of it stays in the image.
RUN DEBUG=on python manage.py collectstatic --noinput \
    && useradd --system --no-create-home luffy \
    && chown --recursive luffy var
USER luffy

EXPOSE 8000
# Migrations may take longer than a request's statement may.
CMD ["sh", "-c", "DATABASE_STATEMENT_TIMEOUT=0 python manage.py migrate --noinput && exec gunicorn luffy.wsgi"]
