# Clutch as a container: built from this checkout with exactly the locked packages.
# docs/operating.md says how it runs beside OpenClaw, and what of this was tried.

FROM node:24-slim AS build
WORKDIR /build
# No lifecycle scripts: nothing that Clutch needs is built at install time.
COPY package.json package-lock.json ./
RUN npm ci --ignore-scripts
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
COPY commands ./commands
COPY adapters ./adapters
RUN npm run build

FROM node:24-slim AS packages
WORKDIR /packages
COPY package.json package-lock.json ./
RUN npm ci --omit=dev --ignore-scripts && npm cache clean --force

FROM node:24-slim
ENV NODE_ENV=production \
    CLUTCH_CONFIG=/data/clutch.config.json \
    XDG_STATE_HOME=/data \
    XDG_CONFIG_HOME=/data/config
WORKDIR /app
COPY package.json README.md LICENSE ./
COPY --from=packages /packages/node_modules ./node_modules
COPY --from=build /build/dist ./dist
COPY guard ./guard
COPY suites ./suites
RUN ln -s /app/dist/src/main.js /usr/local/bin/clutch && chmod +x dist/src/main.js \
    && install -d -o node -g node -m 700 /data
USER node
WORKDIR /data
# Configuration, store, guard, locks: the only place that is written to, beside /tmp.
VOLUME /data
# An HTTP answer of 200 means that the process lives; /readyz would also ask whether OpenClaw does.
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s --retries=3 \
    CMD ["node", "-e", "fetch('http://127.0.0.1:8377/healthz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["clutch"]
CMD ["start"]
