#include "tests/unit/builder/context/tar_text.h"

#include <cstdio>
#include <cstring>

#include "base/child.h"
#include "base/error.h"
#include "layers/tar_format.h"

namespace ibuild::test {

std::string TarText::str() const {
  layers::TarHeader header{};
  const auto put_text = [](char* field, std::size_t size, const std::string& text) {
    std::memcpy(field, text.data(), std::min(size, text.size()));
  };
  const auto put_number = [](char* field, std::size_t size, unsigned long value) {
    std::snprintf(field, size, "%0*lo", static_cast<int>(size) - 1, value);
  };
  put_text(header.name, sizeof header.name, name);
  put_text(header.link_name, sizeof header.link_name, link);
  put_number(header.mode, sizeof header.mode, mode);
  put_number(header.uid, sizeof header.uid, uid);
  put_number(header.gid, sizeof header.gid, uid);
  put_number(header.size, sizeof header.size, content.size());
  put_number(header.mtime, sizeof header.mtime, mtime);
  header.type = type;
  std::memcpy(header.magic, "ustar", 6);
  std::memcpy(header.version, "00", 2);
  put_number(header.checksum, sizeof header.checksum, layers::tar_checksum(header));
  std::string text(reinterpret_cast<const char*>(&header), sizeof header);
  text += content;
  text.append(
      (layers::kTarBlockBytes - content.size() % layers::kTarBlockBytes) % layers::kTarBlockBytes,
      '\0');
  return text;
}

std::string tar_end() { return std::string(2 * layers::kTarBlockBytes, '\0'); }

std::string compress_with(const std::string& program, const std::string& plain) {
  const auto result = base::run_program({program, "-c"}, {.stdin_text = plain});
  if (!result.status.success()) throw base::Error(program + ": " + result.err);
  return result.out;
}

}  // namespace ibuild::test
