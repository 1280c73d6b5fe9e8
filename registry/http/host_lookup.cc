#include "registry/http/host_lookup.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/eventfd.h>

#include <atomic>
#include <cstring>
#include <memory>
#include <thread>

#include "base/error.h"
#include "base/text.h"
#include "registry/http/http_transport.h"
#include "registry/http/url.h"

namespace ibuild::registry {

namespace {

/// More addresses than this are not tried.
constexpr std::size_t kMaxAddresses = 16;

struct FreeAddresses {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};

struct LookupAnswer {
  int error = 0;  // EAI_…
  std::vector<SocketAddress> addresses;
};

LookupAnswer look_up(const std::string& host, std::uint16_t port, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  LookupAnswer answer;
  answer.error = ::getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &list);
  if (answer.error != 0) return answer;
  const std::unique_ptr<addrinfo, FreeAddresses> owner(list);
  for (const addrinfo* entry = list; entry != nullptr; entry = entry->ai_next) {
    if (answer.addresses.size() == kMaxAddresses) break;
    SocketAddress address;
    address.size_bytes = entry->ai_addrlen;
    std::memcpy(&address.storage, entry->ai_addr, entry->ai_addrlen);
    answer.addresses.push_back(address);
  }
  return answer;
}

/// What the looking-up thread and the waiting thread share; whoever is last frees it.
struct PendingLookup {
  std::string host;
  std::uint16_t port = 0;
  base::UniqueFd done;
  LookupAnswer answer;  // read only when `ready`
  std::atomic<bool> ready = false;
};

/// getaddrinfo(3) blocks for as long as name servers keep silent and cannot be interrupted. So that
/// Ctrl-C is obeyed at once, it runs in a thread that owns all it touches and is left behind when
/// nobody waits any more.
LookupAnswer look_up_in_background(const std::string& host, std::uint16_t port,
                                   std::chrono::milliseconds timeout, const StopWaker& waker) {
  auto lookup = std::make_shared<PendingLookup>();  // shared with the thread, see above
  lookup->host = host;
  lookup->port = port;
  lookup->done.reset(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  if (!lookup->done) throw base::SystemError("make eventfd", "");
  std::thread([lookup] {
    lookup->answer = look_up(lookup->host, lookup->port, 0);
    lookup->ready.store(true, std::memory_order_release);
    ::eventfd_write(lookup->done.get(), 1);
  }).detach();
  wait_for(lookup->done.get(), POLLIN, timeout, waker);
  if (!lookup->ready.load(std::memory_order_acquire)) return {EAI_AGAIN, {}};
  return lookup->answer;
}

std::vector<SocketAddress> localhost_addresses(std::uint16_t port) {
  std::vector<SocketAddress> addresses;
  for (const char* literal : {"127.0.0.1", "::1"}) {
    for (const SocketAddress& address : look_up(literal, port, AI_NUMERICHOST).addresses) {
      addresses.push_back(address);
    }
  }
  return addresses;
}

}  // namespace

std::string SocketAddress::str() const {
  char host[NI_MAXHOST];
  char port[NI_MAXSERV];
  const auto* address = reinterpret_cast<const sockaddr*>(&storage);
  if (::getnameinfo(address, size_bytes, host, sizeof host, port, sizeof port,
                    NI_NUMERICHOST | NI_NUMERICSERV) != 0) {
    return "unknown address";
  }
  return std::string(host) + " port " + port;
}

std::vector<SocketAddress> lookup_host(const std::string& host, std::uint16_t port,
                                       std::chrono::milliseconds timeout, const StopWaker& waker) {
  LookupAnswer answer = look_up(host, port, AI_NUMERICHOST);
  if (answer.error == 0) return std::move(answer.addresses);
  if (host == "localhost" || host.ends_with(".localhost")) return localhost_addresses(port);

  answer = look_up_in_background(host, port, timeout, waker);
  if (answer.error == 0) return std::move(answer.addresses);
  const bool unknown = answer.error == EAI_NONAME || answer.error == EAI_NODATA;
  throw TransportError(unknown ? TransportFailure::name_unknown : TransportFailure::name_lookup,
                       "look up host " + base::printable(host) + ": " +
                           base::to_lower(::gai_strerror(answer.error)));
}

}  // namespace ibuild::registry
