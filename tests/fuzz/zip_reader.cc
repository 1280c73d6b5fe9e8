// Any bytes as a zip: an error, or files that are not larger together than the budget.
#include "layers/zip_reader.h"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

#include "base/error.h"

using namespace ibuild;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::uint64_t kBudget = 4 << 20;
  layers::InflateBudget budget{.left_bytes = kBudget};
  std::uint64_t sum = 0;
  try {
    base::StringSource source({reinterpret_cast<const char*>(data), size});
    layers::ZipReader zip(source, budget);
    // Every other file is passed over.
    for (int i = 0; zip.next(); ++i) {
      if (i % 2 == 0) sum += base::read_all(zip.data(), kBudget, "a file").size();
    }
  } catch (const base::ContentError& error) {
    if (error.what()[0] == '\0') std::abort();
  }
  if (sum > kBudget - budget.left_bytes) std::abort();
  return 0;
}
