// See: distribution-spec "Pulling blobs"; RFC 9110 section 14 for ranges.
#include "registry/blob_download.h"

#include "base/error.h"
#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

/// "bytes 100-199/200" → 100
std::optional<std::uint64_t> range_begin(const HttpHeaders& headers) {
  constexpr std::string_view kUnit = "bytes ";
  const std::string value = headers.get("Content-Range");
  if (!value.starts_with(kUnit)) return std::nullopt;
  const std::string_view range = std::string_view(value).substr(kUnit.size());
  return base::parse_u64(range.substr(0, range.find('-')));
}

}  // namespace

BlobDownload::BlobDownload(const image::Descriptor& blob, base::ByteSink& out,
                           const TransferObserver& observer)
    : blob_(blob), out_(out), observer_(observer), hash_(blob.digest.algorithm()) {}

HttpHeaders BlobDownload::request_headers() const {
  HttpHeaders headers{{"Accept", "*/*"}, {"Accept-Encoding", "identity"}};
  if (done_ > 0) headers.add("Range", "bytes=" + std::to_string(done_) + "-");
  return headers;
}

void BlobDownload::attempt(RegistrySession& session, const std::string& repository,
                           std::stop_token stop) {
  if (complete()) return;
  ApiRequest request{.method = "GET", .path = "/v2/" + repository + "/blobs/" + blob_.digest.str()};
  request.need = {.repository = repository, .scopes = {pull_scope(repository)}};
  request.headers = request_headers();
  request.on_head = [this](const HttpHead& head) { return begin_body(head); };
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  end_attempt(answer.record, answer.response);
}

void BlobDownload::attempt(HttpTransport& transport, const Url& url, const std::string& user_agent,
                           std::stop_token stop) {
  if (complete()) return;
  HttpRequest request{.method = "GET", .url = url, .headers = request_headers()};
  request.headers.add("User-Agent", user_agent);
  request.on_head = [this](const HttpHead& head) { return begin_body(head); };
  RequestRecord record{.method = "GET", .url = url, .domain = url.authority()};
  try {
    end_attempt(record,
                send_following_redirects(transport, std::move(request), std::move(stop)).response);
  } catch (const TransportError& error) {
    throw error_from_failure(record, error);
  }
}

base::ByteSink* BlobDownload::begin_body(const HttpHead& head) {
  if (head.status == 206) {
    const auto begin = range_begin(head.headers);
    if (!begin || *begin > done_) {
      throw base::ContentError("blob " + blob_.digest.str() + ": first byte of the range",
                               std::to_string(done_),
                               base::printable(head.headers.get("Content-Range")));
    }
    skip_ = done_ - *begin;
    return this;
  }
  if (head.status != 200) return nullptr;
  skip_ = done_;  // the server does not know ranges and begins from the start
  const auto length = head.headers.find("Content-Length");
  if (length && *length != std::to_string(blob_.size_bytes)) {
    throw base::ContentError("blob " + blob_.digest.str() + ": size",
                             std::to_string(blob_.size_bytes), base::printable(*length));
  }
  return this;
}

void BlobDownload::write(base::Bytes bytes) {
  if (skip_ > 0) {
    const auto skipped = static_cast<std::size_t>(std::min<std::uint64_t>(skip_, bytes.size()));
    bytes = bytes.subspan(skipped);
    skip_ -= skipped;
  }
  if (bytes.empty()) return;
  if (bytes.size() > blob_.size_bytes - done_) {
    throw base::ContentError("blob " + blob_.digest.str() + ": longer than its " +
                             std::to_string(blob_.size_bytes) + " bytes");
  }
  hash_.update(bytes);
  out_.write(bytes);
  done_ += bytes.size();
  if (observer_) observer_(done_, blob_.size_bytes);
}

void BlobDownload::end_attempt(const RequestRecord& record, const HttpResponse& response) {
  if (response.status != 200 && response.status != 206) throw error_from_response(record, response);
  if (complete()) return;
  throw RegistryError(response.status, {}, /*retryable=*/true,
                      record.method + " " + record.url.redacted() + ": the body ended after " +
                          std::to_string(done_) + " of " + std::to_string(blob_.size_bytes) +
                          " bytes");
}

std::optional<base::Digest> BlobDownload::find_mismatch() {
  base::Digest actual = hash_.finish();
  if (actual == blob_.digest) return std::nullopt;
  return actual;
}

}  // namespace ibuild::registry
