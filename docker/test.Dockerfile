# The tests, on an embedded PostgreSQL; with KAFKA_BROKERS on that Kafka too. Built from the whole checkout:
#   docker build -f docker/test.Dockerfile -t millrace-test . && docker run --rm millrace-test
FROM node:24-bookworm-slim
# PostgreSQL does not run as root, and the tests build into this folder.
RUN mkdir /app && chown node:node /app
USER node
WORKDIR /app
COPY --chown=node:node package.json package-lock.json .npmrc ./
RUN npm ci
COPY --chown=node:node . .
ENTRYPOINT ["npm", "test", "--silent", "--"]
