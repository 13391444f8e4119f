# CoreDNS with versionalias: docker build -t versionalias .
FROM --platform=$BUILDPLATFORM golang:1.26 AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG TARGETOS TARGETARCH
RUN CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH make build BUILD=-trimpath OUTPUT=/coredns
RUN scripts/licenses >/LICENSES

# It has certificates of AWS's authorities, and no shell.
FROM gcr.io/distroless/static-debian12
COPY --from=build /coredns /coredns
COPY --from=build /LICENSES /LICENSES
# A number, since Kubernetes cannot tell of a name that it is not root.
USER 65532:65532
ENTRYPOINT ["/coredns"]
