#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "base/files.h"

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace ibuild::e2e {

/// The token server of a docker-registry, on a free port of 127.0.0.1: gives signed tokens to
/// anybody for pulling, and to the account of RegistryServer for all that it asks for.
class TokenServer {
 public:
  TokenServer();
  TokenServer(const TokenServer&) = delete;
  TokenServer& operator=(const TokenServer&) = delete;
  ~TokenServer();

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  /// PEM file of the certificate that tells the registry whose tokens count.
  std::string certificate_file() const { return dir_.host_path() + "/token.crt"; }
  /// For each token what it is good for and to whom: "repository:app:pull,push alice".
  std::vector<std::string> log() const;

 private:
  void answer(const httplib::Request& request, httplib::Response& response);
  std::string sign(const std::string& claims) const;

  base::TempDir dir_;
  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::vector<std::string> log_;  // guarded by mutex_
  std::jthread thread_;
};

}  // namespace ibuild::e2e
