#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/scripted_server.h"

namespace ibuild::test {

/// An answer as it goes over the wire: whatever is written here is what the client gets to see.
struct WireAnswer {
  std::string status_line;  // "HTTP/1.1 200 OK"
  std::string fields;       // lines that end with CRLF
  std::string body;         // in its framing

  /// Every field of this name, in any case, goes; with a value a new one comes.
  void set(const std::string& name, const std::optional<std::string>& value);
  std::string value_of(const std::string& name) const;
  int status() const;
  std::string bytes() const { return status_line + "\r\n" + fields + "\r\n" + body; }
};

/// One request on its way through a FaultProxy, and the means to spoil it.
class Exchange {
 public:
  Exchange(std::size_t number, std::string head, Conversation& client, int server_port)
      : number_(number), head_(std::move(head)), client_(client), server_port_(server_port) {}

  /// The how-manieth request of the proxy it is, from 0 on.
  std::size_t number() const { return number_; }
  /// "GET /v2/app/manifests/1", without the query
  std::string line() const;
  bool is(const std::string& method) const { return head_.starts_with(method + " "); }
  const std::string& head() const { return head_; }

  /// Reads the request's body and asks the server. An answer to HEAD has no body.
  WireAnswer forward();
  /// Sends the server the head and this much of the body, and hangs up on it.
  void forward_part(std::size_t body_bytes);
  /// The server does not get to see this field.
  void drop(const std::string& field);
  /// The body is taken off the wire, the server sees nothing.
  void swallow();
  void answer(const WireAnswer& answer) { client_.write(answer.bytes()); }
  Conversation& client() { return client_; }

 private:
  std::string server_request() const;

  std::size_t number_;
  std::string head_;
  std::string body_;
  bool body_read_ = false;
  bool whole_body_ = true;
  Conversation& client_;
  int server_port_;
};

/// What is done to a request in place of passing it on whole.
using Fault = std::function<void(Exchange&)>;

/// A proxy on 127.0.0.1 in front of a server of plain HTTP there, for a client that need not know
/// of it. Passes all requests on, but those that a plan spoils.
class FaultProxy {
 public:
  /// Decides on the fault of a request by its number and line; an empty one passes it on. Called
  /// from the threads of the connections, one at a time.
  using Plan = std::function<Fault(std::size_t number, const std::string& line)>;

  explicit FaultProxy(int server_port);

  std::string host() const { return server_.host(); }
  int port() const { return server_.port(); }
  /// Counts anew from 0 and forgets what was seen.
  void begin(Plan plan = {});
  /// The lines of all requests since then.
  std::vector<std::string> seen() const;
  /// Their heads.
  std::vector<std::string> heads() const;

 private:
  void talk(Conversation& client);

  const int server_port_;
  mutable std::mutex mutex_;
  Plan plan_;                       // guarded by mutex_
  std::vector<std::string> heads_;  // guarded by mutex_
  ScriptedServer server_;           // last: its threads use all the others
};

}  // namespace ibuild::test
