#include "builder/remote/http_remote_files.h"

#include <fcntl.h>

#include <utility>

#include "base/error.h"
#include "base/text.h"
#include "layers/compression.h"
#include "registry/http/url.h"

namespace ibuild::remote {

namespace {

void check_algorithm(const builder::RemoteFileRequest& request) {
  if (!request.checksum || request.checksum->algorithm() == "sha256") return;
  throw base::UsageError("checksum " + request.checksum->str() +
                         ": only sha256 is supported for files by URL");
}

void check_digest(const builder::RemoteFileRequest& request, const base::Digest& actual) {
  if (!request.checksum || *request.checksum == actual) return;
  const auto url = registry::parse_url(request.url);
  throw base::ContentError(
      "digest mismatch for " + (url ? url->redacted() : base::printable(request.url)),
      request.checksum->str(), actual.str());
}

/// Takes a body off its Content-Encoding. A server that was told not to encode does so
/// nevertheless, as some do with files that lie there compressed; BuildKit shows its Dockerfiles
/// the decoded file as well.
void decode_gzip(const layers::TempFile& encoded, std::uint64_t size_bytes, base::ByteSink& out) {
  base::FdRangeSource bytes(encoded.fd(), 0, size_bytes);
  const auto decoded = layers::make_decompressor(layers::LayerCompression::gzip, bytes);
  base::copy_stream(*decoded, out);
}

}  // namespace

std::string HttpRemoteFiles::authorization_for(const std::string& url) const {
  const auto parsed = registry::parse_url(url);
  if (!parsed) return {};
  if (const auto token =
          builder::find_secret_line(parts_.secrets, "HTTP_AUTH_TOKEN_" + parsed->host)) {
    return "Bearer " + *token;
  }
  return builder::find_secret_line(parts_.secrets, "HTTP_AUTH_HEADER_" + parsed->host).value_or("");
}

HttpCacheRecord HttpRemoteFiles::keep(const HttpCacheEntry& entry, const registry::HttpFile& file,
                                      layers::TempFile& body) const {
  HttpCacheRecord record{.digest = file.digest,
                         .size_bytes = file.size_bytes,
                         .etag = file.etag,
                         .last_modified = file.last_modified};
  if (file.content_encoding != "gzip") {
    entry.put(record, body);
    return record;
  }
  layers::TempFile decoded(parts_.store.temp());
  base::HashingSink hashing(&decoded);
  decode_gzip(body, file.size_bytes, hashing);
  record.size_bytes = hashing.size_bytes();
  record.digest = hashing.finish();
  entry.put(record, decoded);
  return record;
}

std::optional<HttpRemoteFiles::Held> HttpRemoteFiles::find_held(const HttpCacheEntry& entry) const {
  std::string damaged;
  const auto record = entry.find(damaged);
  if (!damaged.empty() && parts_.warn) parts_.warn(damaged + "; the file is fetched again");
  auto body = record ? entry.open_body(*record) : base::UniqueFd();
  if (!body) return std::nullopt;
  base::FdRangeSource bytes(body.get(), 0, record->size_bytes);
  if (base::sha256_of(bytes) != record->digest) {
    if (parts_.warn) parts_.warn("a stored file is damaged; it is fetched again");
    return std::nullopt;
  }
  return Held{*record, std::move(body)};
}

HttpRemoteFiles::Held HttpRemoteFiles::update(const HttpCacheEntry& entry,
                                              const builder::RemoteFileRequest& request,
                                              std::stop_token stop) {
  auto held = find_held(entry);
  if (held && request.checksum == held->record.digest) return *std::move(held);

  std::optional<layers::TempFile> body;
  const registry::HttpFileRequest wanted{
      .url = request.url,
      .authorization = authorization_for(request.url),
      .held_etag = held ? held->record.etag : "",
      .open_sink = [&]() -> base::ByteSink& { return body.emplace(parts_.store.temp()); },
      .observer = request.observer};
  const auto file = parts_.fetcher.fetch(wanted, std::move(stop));
  if (!file) return std::move(held).value();
  const auto record = keep(entry, *file, body.value());
  auto kept = entry.open_body(record);
  if (!kept) throw base::Error("what was fetched from " + file->url + " vanished from the store");
  return {record, std::move(kept)};
}

std::optional<builder::RemoteFile> HttpRemoteFiles::find_fetched(const std::string& url) {
  auto fetched = fetched_.lock();
  const auto known = fetched->find(url);
  if (known == fetched->end()) return std::nullopt;
  const auto& [record, body] = known->second;
  base::UniqueFd copy(::fcntl(body.get(), F_DUPFD_CLOEXEC, 0));
  if (!copy) throw base::SystemError("dup", "");
  return builder::RemoteFile{.body = std::move(copy),
                             .digest = record.digest,
                             .size_bytes = record.size_bytes,
                             .last_modified = record.last_modified};
}

builder::RemoteFile HttpRemoteFiles::fetch(const builder::RemoteFileRequest& request,
                                           std::stop_token stop) {
  check_algorithm(request);
  auto file = find_fetched(request.url);
  if (!file) {
    const HttpCacheEntry entry(parts_.store.cache_dir("http"), request.url);
    const auto lock = entry.lock(stop);
    file = find_fetched(request.url);  // by another step, meanwhile
    if (!file) {
      auto held = update(entry, request, stop);
      fetched_.lock()->emplace(request.url, std::move(held));
      file = find_fetched(request.url);
    }
  }
  check_digest(request, file->digest);
  return *std::move(file);
}

}  // namespace ibuild::remote
