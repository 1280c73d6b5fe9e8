#include "registry/http/connector.h"

#include "base/text.h"
#include "registry/base64.h"
#include "registry/http/host_lookup.h"
#include "registry/http/response_reader.h"
#include "registry/http/tcp_connect.h"
#include "registry/http/tls_channel.h"

namespace ibuild::registry {

std::optional<std::string> proxy_authorization(const Url& proxy) {
  if (proxy.userinfo.empty()) return std::nullopt;
  return "Basic " + encode_base64(percent_decode(proxy.userinfo).value_or(proxy.userinfo));
}

std::unique_ptr<Connection> Connector::connect(const HttpRequest& request,
                                               const std::optional<Url>& proxy,
                                               const StopWaker& waker) {
  const Url& url = request.url;
  const auto timeout = request.connection.connect_timeout.value_or(options_.timeouts.connect);
  std::unique_ptr<ByteChannel> channel;
  if (!proxy) {
    channel = open_channel(url, timeout, waker);
  } else if (url.is_https()) {
    channel = open_tunnel(url, *proxy, timeout, waker);
  } else {
    channel = open_channel(*proxy, timeout, waker);
    if (proxy->is_https()) channel = start_tls(std::move(channel), {.url = *proxy}, waker);
  }
  if (url.is_https()) {
    channel = start_tls(std::move(channel),
                        {.url = url, .trust = request.trust, .files = request.connection.tls_files},
                        waker);
  }
  return std::make_unique<Connection>(std::move(channel));
}

std::unique_ptr<ByteChannel> Connector::open_channel(const Url& url,
                                                     std::chrono::milliseconds timeout,
                                                     const StopWaker& waker) {
  return make_plain_channel(connect_tcp(lookup_host(url.host, url.port, timeout, waker),
                                        url.authority(), timeout, waker));
}

std::unique_ptr<ByteChannel> Connector::open_tunnel(const Url& url, const Url& proxy,
                                                    std::chrono::milliseconds timeout,
                                                    const StopWaker& waker) {
  std::unique_ptr<ByteChannel> channel = open_channel(proxy, timeout, waker);
  if (proxy.is_https()) channel = start_tls(std::move(channel), {.url = proxy}, waker);

  const bool is_v6 = url.host.find(':') != std::string::npos;
  const std::string target =
      (is_v6 ? "[" + url.host + "]" : url.host) + ":" + std::to_string(url.port);
  std::string request = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (const auto authorization = proxy_authorization(proxy)) {
    request += "Proxy-Authorization: " + *authorization + "\r\n";
  }
  const WaitLimit limit{waker, options_.timeouts.connect, TransportFailure::connect_timeout};
  Connection connection(std::move(channel));
  const bool sent = connection.write(base::as_bytes(request + "\r\n"), limit);
  AnswerSource source(connection, limit, limit);
  ResponseReader reader(source);
  const HttpHead head = reader.read_head();
  if (!sent || head.status != 200) {
    throw TransportError(TransportFailure::proxy, "proxy " + proxy.origin() + ": connect to " +
                                                      target + ": " + std::to_string(head.status) +
                                                      " " + base::printable(head.reason));
  }
  return connection.take_channel();
}

std::unique_ptr<ByteChannel> Connector::start_tls(std::unique_ptr<ByteChannel> carrier,
                                                  const Peer& peer, const StopWaker& waker) {
  auto channel = std::make_unique<TlsChannel>(context_for(peer), std::move(carrier), peer.url.host);
  const WaitLimit limit{waker, options_.timeouts.connect, TransportFailure::connect_timeout};
  while (true) {
    const IoStep step = channel->try_handshake();
    if (step.outcome == IoStep::Outcome::moved) return channel;
    wait_for_step(*channel, step, limit);
  }
}

TlsFiles Connector::files_for(const Peer& peer) const {
  const Url& url = peer.url;
  std::vector<std::string> names = {url.authority()};
  if (url.has_default_port()) names.push_back(url.authority() + ":" + std::to_string(url.port));
  if (url.host == "registry-1.docker.io") names.emplace_back("docker.io");
  TlsFiles files;
  for (const std::string& name : names) {
    files = find_tls_files(options_.certs_dirs, name);
    if (!files.empty()) break;
  }
  files.ca_files.insert(files.ca_files.end(), peer.files.ca_files.begin(),
                        peer.files.ca_files.end());
  // The first certificate of a kind is shown: what was set for this place goes before.
  files.client_pairs.insert(files.client_pairs.begin(), peer.files.client_pairs.begin(),
                            peer.files.client_pairs.end());
  if (!options_.ca_file.empty()) files.ca_files.push_back(options_.ca_file);
  return files;
}

std::shared_ptr<const TlsContext> Connector::context_for(const Peer& peer) {
  const TlsFiles files = files_for(peer);
  auto known = contexts_.lock();  // held while CAs are loaded, so that they are loaded once
  for (const KnownContext& entry : *known) {
    if (entry.files == files && entry.trust == peer.trust) return entry.context;
  }
  known->push_back({files, peer.trust, std::make_shared<const TlsContext>(files, peer.trust)});
  return known->back().context;
}

}  // namespace ibuild::registry
