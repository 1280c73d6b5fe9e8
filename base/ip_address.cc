#include "base/ip_address.h"

#include <arpa/inet.h>

namespace ibuild::base {

bool is_ip_address(const std::string& text) {
  in6_addr address{};
  return ::inet_pton(AF_INET, text.c_str(), &address) == 1 ||
         ::inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

}  // namespace ibuild::base
