#pragma once

#include <map>
#include <optional>
#include <string>

#include "base/synchronized.h"
#include "builder/remote/http_cache_entry.h"
#include "builder/remote_files.h"
#include "builder/secret_lookup.h"
#include "layers/store.h"
#include "registry/http_fetcher.h"

namespace ibuild::remote {

/// Files by HTTP, kept in the store's cache: a server that tells versions apart is asked whether
/// there is a new one, and with a checksum that the file at hand has, nobody is asked at all.
/// Secrets HTTP_AUTH_TOKEN_<host> (sent as bearer token) and HTTP_AUTH_HEADER_<host> (the field as
/// it is) are sent to the host they name. One for each build. Thread: any.
class HttpRemoteFiles : public builder::RemoteFiles {
 public:
  /// References outlive this.
  struct Parts {
    const registry::HttpFetcher& fetcher;
    const layers::Store& store;
    builder::SecretLookup secrets = {};
    registry::WarningSink warn = {};  // for any thread
  };
  explicit HttpRemoteFiles(Parts parts) : parts_(std::move(parts)) {}

  builder::RemoteFile fetch(const builder::RemoteFileRequest& request,
                            std::stop_token stop) override;

 private:
  /// A file at hand. The open body lasts, whatever other builds do with the cache.
  struct Held {
    HttpCacheRecord record;
    base::UniqueFd body;
  };
  std::optional<builder::RemoteFile> find_fetched(const std::string& url);
  Held update(const HttpCacheEntry& entry, const builder::RemoteFileRequest& request,
              std::stop_token stop);
  std::optional<Held> find_held(const HttpCacheEntry& entry) const;
  HttpCacheRecord keep(const HttpCacheEntry& entry, const registry::HttpFile& file,
                       layers::TempFile& body) const;
  std::string authorization_for(const std::string& url) const;

  Parts parts_;
  base::Synchronized<std::map<std::string, Held>> fetched_;  // by this build, by URL
};

}  // namespace ibuild::remote
