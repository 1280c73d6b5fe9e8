#pragma once

#include <functional>
#include <map>
#include <string>

namespace ibuild::e2e {

/// Runs `action` on a thread whose network holds nothing but loopback, and whose /etc/hosts knows
/// these names (name → address of 127.0.0.0/8). Threads and programs that it starts are there as
/// well. Throws: what the action throws; SystemError where that cannot be had (root is needed).
void run_in_own_network(const std::map<std::string, std::string>& hosts,
                        const std::function<void()>& action);

}  // namespace ibuild::e2e
