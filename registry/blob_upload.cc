// See: distribution-spec "Pushing blobs": "Single POST" is left out, "POST then PUT", "Pushing a
// blob in chunks", "Cancel a blob upload" and "Mounting a blob" are used.
#include "registry/blob_upload.h"

#include <algorithm>
#include <array>

#include "base/error.h"
#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

/// Sizes of chunks, tried in turn where a request was too large: what is usual for large services,
/// and down to the 1 MiB that nginx allows unless told otherwise.
constexpr std::array<std::uint64_t, 3> kChunkSizes = {64 << 20, 8 << 20, 1 << 20};

/// So much of a growing blob is worth a request.
constexpr std::uint64_t kGrowingPieceBytes = 16 << 20;

constexpr std::string_view kUsualAlgorithm = "sha256";

constexpr int kNotFound = 404;
constexpr int kRangeNotSatisfiable = 416;
constexpr int kTooLarge = 413;

/// How many bytes "Range: 0-99" tells of; none for what is no such thing. "0-0" may mean one byte
/// or none.
std::optional<std::uint64_t> bytes_in_range(const HttpHeaders& headers) {
  std::string value = headers.get("Range");
  if (value.starts_with("bytes=")) value.erase(0, 6);
  if (!value.starts_with("0-")) return std::nullopt;
  const auto last = base::parse_u64(std::string_view(value).substr(2));
  if (!last || *last == 0) return std::nullopt;
  return *last + 1;
}

bool has_code(const RegistryError& error, std::string_view code) {
  return std::ranges::find(error.codes(), code) != error.codes().end();
}

/// The registry's session for this upload is gone: a new one can be made. 404 with any code, or
/// none: proxies between several registries answer in the wrong one's name.
bool has_lost_upload(const RegistryError& error) {
  return error.status() == kNotFound || has_code(error, "BLOB_UPLOAD_UNKNOWN") ||
         has_code(error, "BLOB_UPLOAD_INVALID") || error.status() == kRangeNotSatisfiable;
}

/// 202 is the specification's; some registries know other words for it.
bool has_begun_upload(int status) { return status == 200 || status == 202 || status == 204; }

bool has_taken_piece(const ApiResponse& answer) {
  if (answer.status() == 202) return true;
  return answer.status() / 100 == 2 && bytes_in_range(answer.response.headers);
}

RegistryError as_retryable(const RegistryError& error) {
  RegistryError result(error.status(), error.codes(), /*retryable=*/true, error.what());
  result.set_hint(error.hint());
  return result;
}

}  // namespace

bool head_blob(RegistrySession& session, const std::string& repository, const base::Digest& digest,
               AccessNeed need, std::stop_token stop) {
  ApiRequest request{.method = "HEAD", .path = "/v2/" + repository + "/blobs/" + digest.str()};
  request.need = std::move(need);
  const ApiResponse answer = session.send(std::move(request), std::move(stop));
  if (answer.status() == 200) return true;
  if (answer.status() == 404) return false;
  // Registries redirect to their storage for blobs that they have; URLs signed for GET alone refuse
  // HEAD there.
  if (answer.from_elsewhere && answer.status() >= 400 && answer.status() < 500) return true;
  throw answer.error();
}

UploadOutcome BlobUpload::attempt(std::stop_token stop) {
  const AccessNeed need{.repository = repository_, .scopes = {push_scope(repository_)}};
  if (growing_ == nullptr && head_blob(session_, repository_, blob_.digest, need, stop)) {
    return UploadOutcome::already_there;
  }
  while (true) {
    if (!resume(stop)) {
      forget_upload();
      location_ = begin(stop);
      if (!location_) return UploadOutcome::mounted;
    }
    try {
      send(stop);
      return UploadOutcome::uploaded;
    } catch (const RegistryError& error) {
      if (error.status() != kTooLarge || !shrink_chunks()) throw;
      abandon(stop);
    }
  }
}

void BlobUpload::forget_upload() {
  location_.reset();
  offset_ = sent_ = 0;
}

void BlobUpload::abandon(std::stop_token stop) {
  if (!location_) return;
  ApiRequest request{.method = "DELETE", .url = location_};
  request.need = {.repository = repository_, .scopes = {push_scope(repository_)}};
  try {
    session_.send(std::move(request), std::move(stop));
  } catch (const base::CancelledError&) {
    throw;
  } catch (const base::Error&) {
    // The registry removes it later.
  }
  forget_upload();
}

bool BlobUpload::resume(std::stop_token stop) {
  if (!location_ || sent_ == 0) return false;
  ApiRequest request{.method = "GET", .url = location_};
  request.need = {.repository = repository_, .scopes = {push_scope(repository_)}};
  const ApiResponse answer = session_.send(std::move(request), std::move(stop));
  const auto held = bytes_in_range(answer.response.headers);
  if (answer.status() != 204 || !held || *held > (growing_ ? sent_ : blob_.size_bytes))
    return false;
  if (answer.response.headers.find("Location")) location_ = location_of(answer);
  offset_ = *held;
  return true;
}

void BlobUpload::note_least_chunk(const ApiResponse& answer) {
  const auto least = base::parse_u64(answer.response.headers.get("OCI-Chunk-Min-Length"));
  if (least) least_chunk_ = *least;
}

bool BlobUpload::shrink_chunks() {
  const std::uint64_t largest = chunk_ != 0 ? chunk_ : asked_;
  for (const std::uint64_t size : kChunkSizes) {
    if (size >= largest || size < least_chunk_) continue;
    chunk_ = size;
    return true;
  }
  return false;
}

ApiResponse BlobUpload::post(const std::string& query, const std::vector<std::string>& wishes,
                             std::stop_token stop) {
  ApiRequest request{.method = "POST", .path = "/v2/" + repository_ + "/blobs/uploads/" + query};
  request.need = {.repository = repository_, .scopes = {push_scope(repository_)}, .wishes = wishes};
  return session_.send(std::move(request), std::move(stop));
}

std::optional<Url> BlobUpload::begin(std::stop_token stop) {
  // A registry that hashes while it receives has to know with what.
  const auto algorithm = growing_ ? kUsualAlgorithm : blob_.digest.algorithm();
  const std::string hashed_by =
      algorithm == kUsualAlgorithm ? "" : "digest-algorithm=" + std::string(algorithm);
  if (!mount_from_.empty() && mount_from_ != repository_) {
    const ApiResponse answer = post("?mount=" + percent_encode(blob_.digest.str()) +
                                        "&from=" + percent_encode(mount_from_) +
                                        (hashed_by.empty() ? "" : "&" + hashed_by),
                                    {pull_scope(mount_from_)}, stop);
    if (answer.status() == 201) {
      check_digest(answer);
      return std::nullopt;
    }
    if (has_begun_upload(answer.status())) {
      note_least_chunk(answer);
      return location_of(answer);
    }
    if (answer.error().retryable()) throw answer.error();
    // No right to the other repository, or no mounting at all: upload it.
  }
  const ApiResponse answer = post(hashed_by.empty() ? "" : "?" + hashed_by, {}, stop);
  if (!has_begun_upload(answer.status())) throw answer.error();
  note_least_chunk(answer);
  return location_of(answer);
}

Url BlobUpload::location_of(const ApiResponse& answer) const {
  const std::string location = answer.response.headers.get("Location");
  std::optional<Url> url = location.empty() ? std::nullopt : resolve_url(answer.url, location);
  if (!url) {
    throw error_with_words(answer.record, answer.status(),
                           "the registry does not tell where to upload to");
  }
  // Registries behind a proxy that ends TLS often name themselves with http.
  if (answer.url.is_https() && !url->is_https() && url->host == answer.url.host) {
    if (url->has_default_port()) url->port = answer.url.port;
    url->scheme = answer.url.scheme;
  }
  const std::string refused = why_redirect_is_refused(answer.url, *url);
  if (!refused.empty()) {
    throw error_with_words(
        answer.record, answer.status(),
        "the registry's upload location " + url->redacted() + " is refused: " + refused);
  }
  return *url;
}

std::uint64_t BlobUpload::wait_for_bytes(std::stop_token stop) {
  if (growing_ == nullptr) return blob_.size_bytes;
  const auto extent = growing_->wait_for(offset_ + kGrowingPieceBytes, std::move(stop));
  if (extent.whole) {
    blob_ = *extent.whole;
    growing_ = nullptr;
  }
  return extent.size_bytes;
}

void BlobUpload::send(std::stop_token stop) {
  std::uint64_t end = wait_for_bytes(stop);
  const bool at_once = growing_ == nullptr && offset_ == 0 && chunk_ == 0;
  if (at_once) return put(blob_.size_bytes, std::move(stop));
  while (offset_ < end || growing_ != nullptr) {
    if (offset_ < end) patch(end, stop);
    end = wait_for_bytes(stop);
  }
  put(0, std::move(stop));
}

ApiRequest BlobUpload::request_with(const char* method, std::uint64_t offset,
                                    std::uint64_t size_bytes) {
  ApiRequest request{.method = method, .url = location_};
  request.need = {.repository = repository_, .scopes = {push_scope(repository_)}};
  request.headers.add("Content-Type", "application/octet-stream");
  request.body_size_bytes = asked_ = size_bytes;
  request.answer_delay = AnswerDelay::commit;
  if (size_bytes == 0) return request;
  request.open_body = [this, offset, size_bytes] { return body_.piece(offset, size_bytes); };
  request.on_sent = [this, offset](std::uint64_t sent) {
    sent_ = offset + sent;
    if (observer_) observer_(sent_, blob_.size_bytes);
  };
  return request;
}

void BlobUpload::patch(std::uint64_t end, std::stop_token stop) {
  const std::uint64_t left = end - offset_;
  const std::uint64_t size = chunk_ == 0 ? left : std::min(left, chunk_);
  ApiRequest request = request_with("PATCH", offset_, size);
  request.headers.add("Content-Range",
                      std::to_string(offset_) + "-" + std::to_string(offset_ + size - 1));
  const ApiResponse answer = session_.send(std::move(request), std::move(stop));
  if (!has_taken_piece(answer)) {
    const RegistryError error = answer.error();
    // 416: the registry has another idea of how much it has got, and is asked for it.
    if (error.status() == kRangeNotSatisfiable) throw as_retryable(error);
    if (!has_lost_upload(error)) throw error;
    forget_upload();
    throw as_retryable(error);
  }
  const std::uint64_t held = bytes_in_range(answer.response.headers).value_or(offset_ + size);
  if (held <= offset_ || held > offset_ + size) {
    forget_upload();
    throw as_retryable(error_with_words(
        answer.record, answer.status(),
        "the registry says to hold " + std::to_string(held) + " bytes of the upload"));
  }
  offset_ = held;
  if (answer.response.headers.find("Location")) location_ = location_of(answer);
}

void BlobUpload::put(std::uint64_t size_bytes, std::stop_token stop) {
  ApiRequest request = request_with("PUT", blob_.size_bytes - size_bytes, size_bytes);
  request.url = location_->with_query("digest", blob_.digest.str());
  const ApiResponse answer = session_.send(std::move(request), std::move(stop));
  if (answer.status() == 204 || answer.confirms(blob_.digest)) {
    check_digest(answer);
    return;
  }
  const RegistryError error = answer.error();
  // What was put together of pieces may be put together wrong there.
  const bool mixed_up = offset_ > 0 && has_code(error, "DIGEST_INVALID");
  if (!has_lost_upload(error) && !mixed_up) throw error;
  forget_upload();
  throw as_retryable(error);
}

void BlobUpload::check_digest(const ApiResponse& answer) const {
  const auto told = base::Digest::try_parse(answer.response.headers.get("Docker-Content-Digest"));
  if (told && told->algorithm() == blob_.digest.algorithm() && *told != blob_.digest) {
    throw base::ContentError("uploaded blob: digest the registry tells", blob_.digest.str(),
                             told->str());
  }
}

}  // namespace ibuild::registry
