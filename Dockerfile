# docker build -t pillion .
# docker run --rm -p 8080:8080 pillion --listen :8080 --to dns:greeter:50051

FROM node:24-slim AS source
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm install --no-audit --no-fund
COPY . .

# One of the demo's gRPC servers, for sidecar/compose.yaml: docker build --target replica .
FROM source AS replica
USER 1000:1000
STOPSIGNAL SIGTERM
EXPOSE 50051
ENTRYPOINT ["node", "sidecar/demo/replica.ts"]
CMD ["0.0.0.0:50051"]

FROM source AS build
RUN npm run build && npm prune --omit=dev

FROM node:24-slim
WORKDIR /app
# PILLION_ADMIN is what --admin means where no flag says so; a configuration file has its own `admin` line.
ENV NODE_ENV=production PILLION_ADMIN=:9901
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules ./node_modules
COPY --from=build /app/protos ./protos
COPY --from=build /app/dist ./dist
COPY sidecar/pillion.cfg /etc/pillion/pillion.cfg
# The image's `node` user, as a number so that runAsNonRoot can be checked.
USER 1000:1000
# The drain: running streams finish, new ones go elsewhere.
STOPSIGNAL SIGTERM
EXPOSE 8080 9901
# Asks the port above, which is also that of the default configuration; for another one use `docker run --health-cmd`.
HEALTHCHECK --interval=10s --timeout=3s --start-period=5s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:9901/live').then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
# No command: flags and PILLION_* variables mean what they mean without a container.
ENTRYPOINT ["node", "dist/main.js"]
