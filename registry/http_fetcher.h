#pragma once

#include <cstdint>
#include <functional>
#include <limits>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>

#include "base/clock.h"
#include "base/digest.h"
#include "base/stream.h"
#include "registry/http/http_transport.h"
#include "registry/registry_client.h"
#include "registry/retry.h"

namespace ibuild::registry {

/// A file that any web server may have: no registry, no registry's credentials.
struct HttpFileRequest {
  std::string url;
  std::string authorization;  // an Authorization field's value, for the URL's own origin alone
  std::string held_etag;      // of the version at hand; only another one is wanted then
  /// Called for each attempt that brings a body; what an earlier one wrote is void then.
  std::function<base::ByteSink&()> open_sink;
  std::uint64_t cap_bytes = std::numeric_limits<std::uint64_t>::max();
  TransferObserver observer = {};  // a total of 0: not known
};

struct HttpFile {
  std::string url;   // after redirects, without what may be secret in it
  std::string etag;  // to ask with next time, as the server wrote it; may be empty. RFC 9110 8.8.3
  std::optional<base::TimePoint> last_modified;  // tells no versions apart: files get older ones
  std::string content_encoding;                  // lower case; empty: the bytes are the file's own
  base::Digest digest;                           // of the bytes as they came
  std::uint64_t size_bytes = 0;
};

/// Fetches files from any http or https URL: follows redirects (10 at most), tries again what may
/// pass, hashes on the way. Thread: any.
class HttpFetcher {
 public:
  struct Parts {
    std::unique_ptr<HttpTransport> transport;
    Retrier retrier;
    std::string user_agent;
  };
  explicit HttpFetcher(Parts parts) : parts_(std::move(parts)) {}
  /// Over sockets, with the proxies, the CA file, the attempts and the user agent of `options`.
  explicit HttpFetcher(const RegistryOptions& options);

  /// None when the server says that the version at hand is the current one.
  /// Throws: base::UsageError for what is no such URL; RegistryError for other answers than the
  /// file ("GET http://host/file: 404 Not Found"); base::ContentError above the cap;
  /// base::CancelledError; what the sink throws.
  std::optional<HttpFile> fetch(const HttpFileRequest& request, std::stop_token stop) const;

 private:
  Parts parts_;
};

}  // namespace ibuild::registry
