from django.db import migrations

# As Django's own createcachetable makes it: a queue server that is away must not take with it
# what allauth counts.
_MAKE = """
CREATE TABLE public.tenants_cache (
  cache_key varchar(255) NOT NULL PRIMARY KEY,
  value text NOT NULL,
  expires timestamp with time zone NOT NULL
);
CREATE INDEX tenants_cache_expires ON public.tenants_cache (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0001_initial")]

    operations = [migrations.RunSQL(_MAKE, "DROP TABLE public.tenants_cache")]
