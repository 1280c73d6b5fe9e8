#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "tests/support/registry_server.h"

namespace httplib {
class SSLServer;
struct Request;
struct Response;
}  // namespace httplib

namespace ibuild::e2e {

/// Docker Hub as a client sees it: a registry, a token server and a host for blobs, each under its
/// own name and at port 443, with certificates of a CA of its own. Anonymous users may pull, the
/// account of RegistryServer may push to its own repositories as well. Pulled manifests are counted
/// against a quota, HEADs are not. Needs run_in_own_network(DockerHub::hosts(), …).
class DockerHub {
 public:
  static std::map<std::string, std::string> hosts();

  DockerHub();
  DockerHub(const DockerHub&) = delete;
  DockerHub& operator=(const DockerHub&) = delete;
  ~DockerHub();

  std::string ca_file() const { return store_.ca_file(); }
  /// The registry behind it all, where everything is allowed: "127.0.0.1:34567".
  std::string store_host() const { return store_.host(); }
  /// How many manifests may still be pulled.
  void set_quota(int left);
  /// "registry-1.docker.io GET /v2/… 200", in the order of the answers; the token server's with
  /// " as USER" for those who log in.
  std::vector<std::string> log() const;

 private:
  using Handler = void (DockerHub::*)(const httplib::Request&, httplib::Response&);
  void serve(const std::string& name, Handler handler);
  void answer_registry(const httplib::Request& request, httplib::Response& response);
  void answer_token(const httplib::Request& request, httplib::Response& response);
  void answer_blob(const httplib::Request& request, httplib::Response& response);

  /// Asks the registry behind it all.
  void pass_on(const httplib::Request& request, httplib::Response& response);
  bool refuse_without_token(const httplib::Request& request, httplib::Response& response);
  bool take_from_quota(const httplib::Request& request, httplib::Response& response);

  test::RegistryServer store_;
  mutable std::mutex mutex_;
  int quota_ = 100;  // guarded by mutex_, as the next two
  std::vector<std::string> log_;
  std::map<std::string, std::string> tokens_;  // token → scopes
  std::vector<std::unique_ptr<httplib::SSLServer>> servers_;
  std::vector<std::jthread> threads_;
};

}  // namespace ibuild::e2e
