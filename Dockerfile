# One image for each process, from its bundle:
#   docker build --build-arg SERVICE=order-placed --tag sluice/order-placed .
# SERVICE is a folder of services/, or "topics", which creates the topics and ends.

# What decides which packages are installed: a change of anything else installs nothing again.
FROM node:26.10.0-trixie-slim AS manifests
WORKDIR /src
COPY . .
RUN find . -type f ! -name package.json ! -name 'pnpm-*.yaml' ! -path './patches/*' -delete

FROM node:26.10.0-trixie-slim AS build
RUN npm install --global pnpm@12.21.0
WORKDIR /src
COPY --from=manifests /src .
# In braces: without them pnpm takes the services alone, and not what only they depend on.
RUN --mount=type=cache,target=/pnpm pnpm install \
    --frozen-lockfile --prefer-offline --prod --store-dir /pnpm --filter '@sluice/tools...' --filter '{./services/*}...'
COPY . .
# From here on nothing is shared between the images.
ARG SERVICE
RUN node tools/bundle.ts "$SERVICE" /app

# Node and what it links to: no shell, no package manager, and a user without rights (65532).
FROM gcr.io/distroless/nodejs26-debian13:nonroot
WORKDIR /app
COPY --from=build /app .
# Inside its container a process is reached from outside of it; who may is up to what publishes the ports.
ENV NODE_ENV=production ADMIN_HOST=0.0.0.0 ADMIN_PORT=9080 GATEWAY_HOST=0.0.0.0 GATEWAY_PORT=8080
EXPOSE 8080 9080
HEALTHCHECK --interval=5s --timeout=10s --start-period=120s --retries=6 CMD ["/nodejs/bin/node", "health.js"]
# Node is process 1, so that SIGTERM reaches it.
CMD ["main.js"]
