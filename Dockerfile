# The service alone: a server's Kafka and ClickHouse, no embedded stores.
FROM golang:1.26-bookworm AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download
COPY . .
RUN CGO_ENABLED=0 go build -trimpath -ldflags=-s -o /faultline ./cmd/faultline

# The base image with the C library: the loader of the embedded engine is linked
# dynamically even where only servers are used.
FROM gcr.io/distroless/base-debian12:nonroot
COPY --from=build /faultline /faultline
EXPOSE 8080
ENTRYPOINT ["/faultline"]
CMD ["serve"]
