// See: distribution-spec "Pushing blobs": "Single POST" is left out, "POST then PUT" and "Mounting
// a blob" are used.
#include "registry/blob_upload.h"

#include "base/error.h"
#include "base/text.h"
#include "registry/auth/scope.h"
#include "registry/http/redirect.h"

namespace ibuild::registry {

namespace {

/// Registries on object storage copy the whole blob before they answer the last request of an
/// upload.
constexpr std::chrono::minutes kCommitTimeout{5};

/// The registry's session for this upload is gone: a new one can be made.
bool has_lost_upload(const RegistryError& error) {
  for (const std::string& code : error.codes()) {
    if (code == "BLOB_UPLOAD_UNKNOWN" || code == "BLOB_UPLOAD_INVALID") return true;
  }
  return error.status() == 416;
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
  const AccessNeed need{.repository = job_.repository, .scopes = {push_scope(job_.repository)}};
  if (head_blob(session_, job_.repository, job_.blob.digest, need, stop)) {
    return UploadOutcome::already_there;
  }
  const std::optional<Url> location = begin(stop);
  if (!location) return UploadOutcome::mounted;
  put(*location, stop);
  return UploadOutcome::uploaded;
}

ApiResponse BlobUpload::post(const std::string& query, const std::vector<std::string>& wishes,
                             std::stop_token stop) {
  ApiRequest request{.method = "POST",
                     .path = "/v2/" + job_.repository + "/blobs/uploads/" + query};
  request.need = {
      .repository = job_.repository, .scopes = {push_scope(job_.repository)}, .wishes = wishes};
  return session_.send(std::move(request), std::move(stop));
}

std::optional<Url> BlobUpload::begin(std::stop_token stop) {
  if (!job_.mount_from.empty() && job_.mount_from != job_.repository) {
    const ApiResponse answer = post("?mount=" + percent_encode(job_.blob.digest.str()) +
                                        "&from=" + percent_encode(job_.mount_from),
                                    {pull_scope(job_.mount_from)}, stop);
    if (answer.status() == 201) {
      check_digest(answer);
      return std::nullopt;
    }
    if (answer.status() == 202) return location_of(answer);
    if (answer.error().retryable()) throw answer.error();
    // No right to the other repository, or no mounting at all: upload it.
  }
  const ApiResponse answer = post("", {}, stop);
  if (answer.status() != 202) throw answer.error();
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

void BlobUpload::put(const Url& location, std::stop_token stop) {
  ApiRequest request{.method = "PUT", .url = location.with_query("digest", job_.blob.digest.str())};
  request.need = {.repository = job_.repository, .scopes = {push_scope(job_.repository)}};
  request.headers.add("Content-Type", "application/octet-stream");
  request.open_body = job_.open;
  request.body_size_bytes = job_.blob.size_bytes;
  request.first_byte_timeout = kCommitTimeout;
  if (job_.observer) {
    request.on_sent = [this](std::uint64_t sent) { job_.observer(sent, job_.blob.size_bytes); };
  }
  const ApiResponse answer = session_.send(std::move(request), std::move(stop));
  if (answer.status() == 201 || answer.status() == 204) {
    check_digest(answer);
    return;
  }
  const RegistryError error = answer.error();
  throw has_lost_upload(error) ? as_retryable(error) : error;
}

void BlobUpload::check_digest(const ApiResponse& answer) const {
  const auto told = base::Digest::try_parse(answer.response.headers.get("Docker-Content-Digest"));
  if (told && told->algorithm() == job_.blob.digest.algorithm() && *told != job_.blob.digest) {
    throw base::ContentError("uploaded blob: digest the registry tells", job_.blob.digest.str(),
                             told->str());
  }
}

}  // namespace ibuild::registry
