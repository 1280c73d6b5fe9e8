#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "base/unique_fd.h"
#include "registry/http/host_lookup.h"
#include "registry/http/io_wait.h"

namespace ibuild::registry {

/// A connected, non-blocking TCP socket to the first of `addresses` that answers. Where one is slow
/// the next is tried beside it, so that a broken IPv6 or a dead server of several costs a moment
/// only (RFC 8305). `shown_as` names the host in errors. Throws: TransportError (connect,
/// connect_timeout), base::CancelledError.
base::UniqueFd connect_tcp(const std::vector<SocketAddress>& addresses, const std::string& shown_as,
                           std::chrono::milliseconds timeout, const StopWaker& waker);

}  // namespace ibuild::registry
