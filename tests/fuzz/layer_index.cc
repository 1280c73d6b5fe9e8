// Any bytes as the index file of a layer, with the right checksum: refused, or good to be used.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>

#include "base/error.h"
#include "layers/checksum64.h"
#include "layers/layer_index.h"
#include "layers/tree_view.h"

namespace {

constexpr std::size_t kChecksumAt = 32;

std::string with_checksum(std::string bytes) {
  if (bytes.size() < kChecksumAt + 8) return bytes;
  std::memset(bytes.data() + kChecksumAt, 0, 8);
  const std::uint64_t sum = ibuild::layers::checksum64(bytes);
  std::memcpy(bytes.data() + kChecksumAt, &sum, sizeof sum);
  return bytes;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using ibuild::layers::LayerIndex;
  const std::string bytes = with_checksum({reinterpret_cast<const char*>(data), size});
  try {
    const auto index = std::make_shared<const LayerIndex>(LayerIndex::deserialize(bytes));
    const ibuild::layers::TreeView view({index, index});
    view.walk({}, [](const ibuild::layers::TreeView::Node&) {});
    for (const auto& entry : index->entries()) (void)view.resolve(entry.path, true);
    (void)ibuild::layers::implicit_directories(*index);
  } catch (const ibuild::base::ContentError&) {
    return 0;
  } catch (const ibuild::base::Error& error) {
    // Links in circles are no damage.
    if (std::string_view(error.what()).find("symbolic links") == std::string_view::npos)
      std::abort();
  }
  return 0;
}
