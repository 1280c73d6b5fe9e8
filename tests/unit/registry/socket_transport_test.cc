#include "registry/http/socket_transport.h"

#include <atomic>
#include <catch2/catch.hpp>
#include <future>
#include <thread>

#include "base/digest.h"
#include "tests/support/scripted_server.h"

using namespace ibuild::registry;
using ibuild::test::Conversation;
using ibuild::test::ScriptedServer;
namespace base = ibuild::base;
using std::chrono::milliseconds;

namespace {

SocketTransportOptions quick_options() {
  SocketTransportOptions options;
  options.timeouts = {
      .connect = milliseconds(2000), .first_byte = milliseconds(300), .stall = milliseconds(300)};
  return options;
}

HttpRequest get(const std::string& url) { return {.method = "GET", .url = parse_url(url).value()}; }

HttpRequest put(const std::string& url, const std::string& body) {
  HttpRequest request{.method = "PUT", .url = parse_url(url).value()};
  request.open_body = [&body] { return std::make_unique<base::StringSource>(body); };
  request.body_size_bytes = body.size();
  return request;
}

TransportFailure failure_of(HttpTransport& transport, const HttpRequest& request) {
  try {
    transport.send(request, {});
  } catch (const TransportError& error) {
    INFO(error.what());
    return error.failure();
  }
  FAIL("the request succeeded");
  throw;
}

}  // namespace

TEST_CASE("socket_transport: a request and its answer", "[registry]") {
  std::string seen;
  ScriptedServer server({[&](Conversation& talk) {
    seen = talk.read_request();
    talk.answer("200 OK", "hello", "Location: /x?sig=a%2Bb%3D\r\n");
  }});
  const auto transport = make_socket_transport(quick_options());
  HttpRequest request = get(server.url() + "/v2/a%2Fb?x=%31");
  request.headers.add("Accept", "text/plain");
  const HttpResponse response = transport->send(request, {});
  CHECK(response.status == 200);
  CHECK(response.body == "hello");
  CHECK(response.headers.get("location") == "/x?sig=a%2Bb%3D");
  CHECK(seen == "GET /v2/a%2Fb?x=%31 HTTP/1.1\r\nAccept: text/plain\r\nHost: " + server.host() +
                    "\r\n\r\n");
}

TEST_CASE("socket_transport: connections are kept and used again", "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
    while (!talk.read_request().empty()) talk.answer("200 OK", "x");
  }});
  const auto transport = make_socket_transport(quick_options());
  for (int i = 0; i < 5; ++i) CHECK(transport->send(get(server.url()), {}).body == "x");
  CHECK(server.connections() == 1);
}

TEST_CASE("socket_transport: a connection that went stale is replaced", "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
                           talk.read_request();
                           talk.answer("200 OK", "first");
                           talk.read_request();  // and no answer
                         },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.answer("200 OK", "second");
                         }});
  const auto transport = make_socket_transport(quick_options());
  CHECK(transport->send(get(server.url()), {}).body == "first");
  const std::string body = "payload";
  CHECK(transport->send(put(server.url(), body), {}).body == "second");
}

TEST_CASE("socket_transport: a sink takes the body", "[registry]") {
  const std::string big(3 << 20, 'z');
  ScriptedServer server({[&](Conversation& talk) {
    talk.read_request();
    talk.answer("200 OK", big);
  }});
  const auto transport = make_socket_transport(quick_options());
  base::HashingSink sink;
  HttpRequest request = get(server.url());
  request.on_head = [&](const HttpHead& head) { return head.status == 200 ? &sink : nullptr; };
  CHECK(transport->send(request, {}).body.empty());
  CHECK(sink.size_bytes() == big.size());
}

TEST_CASE("socket_transport: collected bodies have a cap", "[registry]") {
  const std::string big(200000, 'z');
  ScriptedServer server({[&](Conversation& talk) {
                           talk.read_request();
                           talk.answer("200 OK", big);
                         },
                         [&](Conversation& talk) {
                           talk.read_request();
                           talk.answer("500 Oops", big);
                         }});
  const auto transport = make_socket_transport(quick_options());
  HttpRequest request = get(server.url());
  request.body_cap_bytes = 1000;
  CHECK(failure_of(*transport, request) == TransportFailure::too_large);
  const HttpResponse error = transport->send(request, {});
  CHECK(error.status == 500);
  CHECK(error.body.size() == HttpRequest::kErrorBodyCapBytes);
}

TEST_CASE("socket_transport: an upload sends its length and tells its progress", "[registry]") {
  std::string seen;
  ScriptedServer server({[&](Conversation& talk) {
    seen = talk.read_request();
    talk.answer("201 Created");
  }});
  const auto transport = make_socket_transport(quick_options());
  const std::string body(300000, 'b');
  HttpRequest request = put(server.url() + "/u", body);
  std::uint64_t sent = 0;
  request.on_sent = [&](std::uint64_t bytes) { sent = bytes; };
  CHECK(transport->send(request, {}).status == 201);
  CHECK(sent == body.size());
  CHECK(seen.find("Content-Length: 300000\r\n") != std::string::npos);
  CHECK(seen.ends_with(body));
}

TEST_CASE("socket_transport: an answer that comes before the upload is through is read",
          "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
    talk.read_head();
    talk.answer("413 Too Large", "no");
    talk.stay_silent();
  }});
  const auto transport = make_socket_transport(quick_options());
  const std::string body(64 << 20, 'b');
  const HttpResponse response = transport->send(put(server.url(), body), {});
  CHECK(response.status == 413);
  CHECK(response.body == "no");
}

TEST_CASE("socket_transport: a source that breaks its promise fails the upload", "[registry]") {
  ScriptedServer server({[](Conversation& talk) { talk.stay_silent(); }});
  const auto transport = make_socket_transport(quick_options());
  const std::string body = "12345";
  HttpRequest request = put(server.url(), body);
  request.body_size_bytes = 4;
  CHECK_THROWS_AS(transport->send(request, {}), base::ContentError);
  request.body_size_bytes = 6;
  CHECK_THROWS_AS(transport->send(request, {}), base::ContentError);
}

TEST_CASE("socket_transport: the body of an answer that has none is not taken for the next answer",
          "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
                           talk.read_request();
                           talk.write("HTTP/1.1 500 Oops\r\nContent-Length: 5\r\n\r\n");
                           talk.read_request();
                           talk.write("oops\n");
                           talk.stay_silent();
                         },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.answer("200 OK", "whole");
                         }});
  const auto transport = make_socket_transport(quick_options());
  HttpRequest head = get(server.url());
  head.method = "HEAD";
  CHECK(transport->send(head, {}).status == 500);
  CHECK(transport->send(get(server.url()), {}).body == "whole");
}

TEST_CASE("socket_transport: truncated answers and resets are told apart from whole ones",
          "[registry]") {
  ScriptedServer server({[](Conversation& talk) {
                           talk.read_request();
                           talk.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                         },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.reset();
                         },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.write("no http\r\n\r\n");
                         }});
  const auto transport = make_socket_transport(quick_options());
  CHECK(failure_of(*transport, get(server.url())) == TransportFailure::closed);
  CHECK(failure_of(*transport, get(server.url())) == TransportFailure::closed);
  CHECK(failure_of(*transport, get(server.url())) == TransportFailure::protocol);
}

TEST_CASE("socket_transport: silence is a time-out, before and within the answer", "[registry]") {
  ScriptedServer server({[](Conversation& talk) { talk.stay_silent(); },
                         [](Conversation& talk) {
                           talk.read_request();
                           talk.write("HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf");
                           talk.stay_silent();
                         }});
  const auto transport = make_socket_transport(quick_options());
  CHECK(failure_of(*transport, get(server.url())) == TransportFailure::first_byte_timeout);
  CHECK(failure_of(*transport, get(server.url())) == TransportFailure::stalled);
}

TEST_CASE("socket_transport: an upload nobody reads is a stall", "[registry]") {
  std::promise<void> done;
  ScriptedServer server({[&](Conversation& talk) {
    talk.read_head();
    done.get_future().wait();
  }});
  const auto transport = make_socket_transport(quick_options());
  const std::string body(64 << 20, 'b');
  CHECK(failure_of(*transport, put(server.url(), body)) == TransportFailure::stalled);
  done.set_value();
}

TEST_CASE("socket_transport: nobody listens, no such host", "[registry]") {
  const auto transport = make_socket_transport(quick_options());
  const std::string dead = "http://127.0.0.1:" + std::to_string(ibuild::test::dead_port());
  CHECK(failure_of(*transport, get(dead)) == TransportFailure::connect);
  const TransportFailure lookup = failure_of(*transport, get("http://no-such-host.invalid/"));
  CHECK((lookup == TransportFailure::name_unknown || lookup == TransportFailure::name_lookup));
}

TEST_CASE("socket_transport: plain HTTP where TLS is spoken, and the other way", "[registry]") {
  ScriptedServer plain({[](Conversation& talk) {
    talk.read_some(5);
    talk.answer("400 Bad Request", "what?");
  }});
  const auto transport = make_socket_transport(quick_options());
  CHECK(failure_of(*transport, get("https://" + plain.host())) ==
        TransportFailure::speaks_plain_http);
  ScriptedServer tls({[](Conversation& talk) {
    talk.read_head();
    talk.write(std::string("\x15\x03\x01\x00\x02\x02\x16", 7));
  }});
  CHECK(failure_of(*transport, get(tls.url())) == TransportFailure::speaks_tls);
}

TEST_CASE("socket_transport: a stop request ends a wait at once", "[registry]") {
  std::promise<void> asked;
  ScriptedServer server({[&](Conversation& talk) {
    talk.read_request();
    asked.set_value();
    talk.stay_silent();
  }});
  SocketTransportOptions options = quick_options();
  options.timeouts.first_byte = std::chrono::minutes(5);
  const auto transport = make_socket_transport(options);
  std::stop_source stop;
  auto sending =
      std::async(std::launch::async, [&] { transport->send(get(server.url()), stop.get_token()); });
  asked.get_future().wait();
  const auto begin = std::chrono::steady_clock::now();
  stop.request_stop();
  CHECK_THROWS_AS(sending.get(), base::CancelledError);
  CHECK(std::chrono::steady_clock::now() - begin < milliseconds(500));
}

TEST_CASE("socket_transport: a stop request ends the wait for a free connection", "[registry]") {
  std::promise<void> asked;
  ScriptedServer server({[&](Conversation& talk) {
    talk.read_request();
    asked.set_value();
    talk.stay_silent();
  }});
  SocketTransportOptions options = quick_options();
  options.max_connections_per_host = 1;
  options.timeouts.first_byte = std::chrono::minutes(5);
  const auto transport = make_socket_transport(options);
  std::stop_source stop;
  const auto send = [&] { transport->send(get(server.url()), stop.get_token()); };
  auto first = std::async(std::launch::async, send);
  asked.get_future().wait();
  auto second = std::async(std::launch::async, send);
  stop.request_stop();
  CHECK_THROWS_AS(first.get(), base::CancelledError);
  CHECK_THROWS_AS(second.get(), base::CancelledError);
  CHECK(server.connections() == 1);
}

TEST_CASE("socket_transport: no more connections to a host than allowed", "[registry]") {
  std::atomic<int> now = 0;
  std::atomic<int> most = 0;
  ScriptedServer server({[&](Conversation& talk) {
    while (!talk.read_request().empty()) {
      most = std::max(most.load(), ++now);
      std::this_thread::yield();
      --now;
      talk.answer("200 OK");
    }
  }});
  SocketTransportOptions options = quick_options();
  options.max_connections_per_host = 2;
  const auto transport = make_socket_transport(options);
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 8; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < 10; ++j) transport->send(get(server.url()), {});
      });
    }
  }
  CHECK(most <= 2);
  CHECK(server.connections() <= 2);
}

TEST_CASE("socket_transport: header values cannot smuggle lines", "[registry]") {
  const auto transport = make_socket_transport(quick_options());
  ScriptedServer server({[](Conversation& talk) { talk.stay_silent(); }});
  HttpRequest request = get(server.url());
  request.headers.add("X", "a\r\nEvil: b");
  CHECK_THROWS_AS(transport->send(request, {}), base::UsageError);
}

TEST_CASE("socket_transport: HTTPS goes through a CONNECT proxy, HTTP by absolute URL",
          "[registry]") {
  std::string connect;
  std::string plain;
  ScriptedServer proxy({[&](Conversation& talk) {
                          connect = talk.read_head();
                          talk.answer("403 Forbidden");
                        },
                        [&](Conversation& talk) {
                          plain = talk.read_request();
                          talk.answer("200 OK", "by proxy");
                        }});
  SocketTransportOptions options = quick_options();
  options.proxies.http_proxy = "http://u:p%40w@" + proxy.host();
  options.proxies.https_proxy = options.proxies.http_proxy;
  const auto transport = make_socket_transport(options);
  CHECK(failure_of(*transport, get("https://registry.example/v2/")) == TransportFailure::proxy);
  CHECK(connect ==
        "CONNECT registry.example:443 HTTP/1.1\r\nHost: registry.example:443\r\n"
        "Proxy-Authorization: Basic dTpwQHc=\r\n\r\n");
  CHECK(transport->send(get("http://registry.example/v2/"), {}).body == "by proxy");
  CHECK(plain.starts_with("GET http://registry.example/v2/ HTTP/1.1\r\n"));
  CHECK(plain.find("Proxy-Authorization: Basic dTpwQHc=\r\n") != std::string::npos);
}
