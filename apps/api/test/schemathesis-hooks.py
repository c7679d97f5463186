import schemathesis

# NDJSON is described as text: what a line is, OpenAPI cannot say.
schemathesis.serializer.alias("application/x-ndjson", "text/plain")
