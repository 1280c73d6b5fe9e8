// See: distribution-spec "Pulling blobs"; RFC 9110 section 14 for ranges.
#include "registry/blob_download.h"

#include "base/error.h"
#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/content_range.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

/// Without company a stream asks for larger parts, as company may come.
constexpr std::uint64_t kLonePartBytes = 4 * kPieceBytes;

/// What a DigestSink hashes by.
constexpr std::string_view kSinkAlgorithm = "sha256";

HttpHeaders as_it_is() { return {{"Accept", "*/*"}, {"Accept-Encoding", "identity"}}; }

}  // namespace

BlobDownload::BlobDownload(const image::Descriptor& blob, BlobDestination destination,
                           const TransferObserver& observer, TransferSlots& slots)
    : blob_(blob),
      destination_(destination),
      observer_(observer),
      hold_(slots.take()),
      ahead_(slots) {
  const std::string_view algorithm = blob.digest.algorithm();
  if (destination.hashing() == nullptr || algorithm != kSinkAlgorithm) hash_.emplace(algorithm);
}

void BlobDownload::ask_for_rest(HttpHeaders& headers) const {
  if (done_ > 0 || end_) headers.add("Range", range_field(done_, end_));
}

ApiRequest BlobDownload::request_to(const std::string& repository) const {
  ApiRequest request{.method = "GET", .path = "/v2/" + repository + "/blobs/" + blob_.digest.str()};
  request.need = {.repository = repository, .scopes = {pull_scope(repository)}};
  request.headers = as_it_is();
  return request;
}

std::optional<std::uint64_t> BlobDownload::choose_end() const {
  if (!ahead_.empty()) return ahead_.begin();
  if (ranges_ == Ranges::refused || blob_.size_bytes - done_ < kRangesFromBytes)
    return std::nullopt;
  return done_ + (ranges_ == Ranges::answered ? kLonePartBytes : kPieceBytes);
}

void BlobDownload::attempt(RegistrySession& session, const std::string& repository,
                           std::stop_token stop) {
  const PiecesAhead::Source source{session, [&] { return request_to(repository); }};
  while (!complete()) {
    if (!ahead_.empty() && ahead_.begin() == done_) {
      end_.reset();
      skip_ = 0;
      ahead_.start(source, done_, blob_.size_bytes);
      ahead_.write_first(*this, stop);
      continue;
    }
    end_ = choose_end();
    ApiRequest request = request_to(repository);
    ask_for_rest(request.headers);
    request.on_head = [&](const HttpHead& head) {
      base::ByteSink* const body = begin_body(head);
      if (end_ && head.status == 206) ahead_.start(source, *end_, blob_.size_bytes);
      return body;
    };
    const ApiResponse answer = session.send(std::move(request), stop);
    end_attempt(answer.record, answer.response);
  }
}

void BlobDownload::attempt(HttpTransport& transport, const Url& url, const std::string& user_agent,
                           std::stop_token stop) {
  if (complete()) return;
  give_up_ranges();
  HttpRequest request{.method = "GET", .url = url, .headers = as_it_is()};
  ask_for_rest(request.headers);
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

void BlobDownload::give_up_ranges() {
  ranges_ = Ranges::refused;
  end_.reset();
  ahead_.clear();
}

base::ByteSink* BlobDownload::begin_part(const HttpHead& head) {
  const auto range = parse_content_range(head.headers);
  if (!range || range->begin > done_) {
    throw base::ContentError("blob " + blob_.digest.str() + ": first byte of the range",
                             std::to_string(done_),
                             base::printable(head.headers.get("Content-Range")));
  }
  if (range->total.value_or(blob_.size_bytes) != blob_.size_bytes) {
    throw base::ContentError("blob " + blob_.digest.str() + ": size",
                             std::to_string(blob_.size_bytes), std::to_string(*range->total));
  }
  if (end_ && (!range->end || *range->end > *end_)) {
    give_up_ranges();  // the server knows where to begin, but not where to end
  } else if (end_) {
    ranges_ = Ranges::answered;
  }
  skip_ = done_ - range->begin;
  return this;
}

base::ByteSink* BlobDownload::begin_body(const HttpHead& head) {
  if (head.status == 206) return begin_part(head);
  if (head.status != 200) return nullptr;
  // The server does not know ranges and begins from the start.
  if (end_) give_up_ranges();
  skip_ = done_;
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
  if (bytes.size() > end_.value_or(blob_.size_bytes) - done_) {
    throw base::ContentError("blob " + blob_.digest.str() + ": longer than its " +
                             std::to_string(end_.value_or(blob_.size_bytes)) + " bytes");
  }
  if (hash_) hash_->update(bytes);
  destination_.out().write(bytes);
  done_ += bytes.size();
  if (observer_) observer_(done_, blob_.size_bytes);
}

void BlobDownload::end_attempt(const RequestRecord& record, const HttpResponse& response) {
  if (response.status == 416 && end_) {
    give_up_ranges();
    return;
  }
  if (response.status != 200 && response.status != 206) throw error_from_response(record, response);
  if (done_ == end_.value_or(blob_.size_bytes)) return;
  throw RegistryError(response.status, {}, /*retryable=*/true,
                      record.method + " " + record.url.redacted() + ": the body ended after " +
                          std::to_string(done_) + " of " + std::to_string(blob_.size_bytes) +
                          " bytes");
}

std::optional<base::Digest> BlobDownload::find_mismatch() {
  base::Digest actual = hash_ ? hash_->finish() : destination_.hashing()->digest();
  if (actual == blob_.digest) return std::nullopt;
  return actual;
}

}  // namespace ibuild::registry
