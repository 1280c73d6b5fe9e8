#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "base/unique_fd.h"

namespace ibuild::test {

/// The server's side of one connection.
class Conversation {
 public:
  Conversation(base::UniqueFd socket, std::stop_token stop)
      : socket_(std::move(socket)), stop_(std::move(stop)) {}

  /// Head and body (by Content-Length) of the next request; empty when the client has gone.
  std::string read_request();
  /// Reads the head only.
  std::string read_head();
  /// Reads the body that a head with Content-Length announces; what came of it when the client has
  /// gone.
  std::string read_body(const std::string& head);
  /// Waits for `size` more bytes of the body.
  void read_some(std::size_t size);
  /// False when the client has gone.
  bool write(const std::string& bytes);
  /// "HTTP/1.1 <status_line>" with Content-Length and body
  void answer(const std::string& status_line, const std::string& body = {},
              const std::string& extra_headers = {});
  /// Ends the connection with RST.
  void reset();
  void close() { socket_.reset(); }
  bool is_open() const { return static_cast<bool>(socket_); }
  /// Lets some time pass; false when the server is stopped.
  bool pause(std::chrono::milliseconds time);
  /// Answers CONNECT and passes bytes to and fro between the client and 127.0.0.1:port.
  void tunnel_to(int port);
  /// Stays silent until the client goes or the server is stopped.
  void stay_silent();

 private:
  bool wait_readable();
  bool fill();

  base::UniqueFd socket_;
  std::stop_token stop_;
  std::string buffered_;
};

/// A TCP server on a free port of 127.0.0.1 that talks as a script says: the nth connection is
/// handed to the nth script, further ones to the last.
class ScriptedServer {
 public:
  using Script = std::function<void(Conversation&)>;
  explicit ScriptedServer(std::vector<Script> scripts);
  ~ScriptedServer();
  ScriptedServer(const ScriptedServer&) = delete;
  ScriptedServer& operator=(const ScriptedServer&) = delete;

  int port() const { return port_; }
  std::string host() const { return "127.0.0.1:" + std::to_string(port_); }
  std::string url() const { return "http://" + host(); }
  /// Connections taken so far.
  int connections() const;

 private:
  void run(std::stop_token stop);

  std::vector<Script> scripts_;
  base::UniqueFd listener_;
  int port_ = 0;
  mutable std::mutex mutex_;
  int taken_ = 0;                      // guarded by mutex_
  std::vector<std::jthread> talking_;  // used by the accepting thread and, after it, the destructor
  std::jthread accepting_;
};

/// A port of 127.0.0.1 where nobody listens.
int dead_port();

}  // namespace ibuild::test
