// Any bytes as a URL and as a Location: what is taken can be written and read again.
#include "registry/http/url.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace ibuild::registry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const Url base = *parse_url("https://r.example:5000/v2/a/blobs/uploads/?x=1");
  for (std::optional<Url> url : {parse_url(text), resolve_url(base, text)}) {
    if (!url) continue;
    url->userinfo.clear();
    if (url->path.empty() || url->path[0] != '/' || url->host.empty()) std::abort();
    if (parse_url(url->str()) != url) std::abort();
    if (url->redacted().find('\n') != std::string::npos) std::abort();
  }
  return 0;
}
