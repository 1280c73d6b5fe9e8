#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace httplib {
class Server;
struct Request;
struct Response;
}  // namespace httplib

namespace ibuild::e2e {

/// A web server on a free port of 127.0.0.1: files by path, and git repositories below /git/ as
/// `git http-backend` serves them.
class WebServer {
 public:
  struct File {
    std::string content;
    std::map<std::string, std::string> headers = {};  // an ETag here is compared with If-None-Match
    std::string authorization = {};  // what the request must have in this field; empty: anything
  };
  WebServer();
  WebServer(const WebServer&) = delete;
  WebServer& operator=(const WebServer&) = delete;
  ~WebServer();

  void put(const std::string& path, File file);
  /// Repositories in `directory` of the host.
  void serve_git(const std::string& directory, const std::string& authorization = "");

  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + host(); }
  /// "GET /file 200", in the order in which they were answered.
  std::vector<std::string> log() const;

 private:
  void answer(const httplib::Request& request, httplib::Response& response);
  void answer_git(const httplib::Request& request, httplib::Response& response) const;

  std::unique_ptr<httplib::Server> server_;
  int port_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, File> files_;
  std::string git_directory_;
  std::string git_authorization_;
  std::vector<std::string> log_;
  std::jthread thread_;
};

}  // namespace ibuild::e2e
