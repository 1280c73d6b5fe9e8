#include "cli/option_paths.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

constexpr std::uint64_t kMaxCertificateBytes = 16 << 20;

[[noreturn]] void refuse_with_errno(const std::string& option, const std::string& path,
                                    const char* tried) {
  throw base::UsageError(option + ": " + base::SystemError(tried, path).what());
}

base::UsageError wrong(const std::string& option, const std::string& path,
                       const std::string& what) {
  return base::UsageError(option + " " + base::printable(path) + what);
}

}  // namespace

std::string readable_file(const std::string& option, const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || ::access(path.c_str(), R_OK) != 0)
    refuse_with_errno(option, path, "open");
  if (S_ISDIR(status.st_mode)) throw wrong(option, path, " is a directory, not a file");
  return path;
}

std::string certificate_file(const std::string& option, const std::string& path) {
  readable_file(option, path);
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode)) return path;
  const auto text = base::read_host_file(path, kMaxCertificateBytes);
  // "-----BEGIN CERTIFICATE-----", "-----BEGIN TRUSTED CERTIFICATE-----"
  if (text.find("CERTIFICATE-----") == std::string::npos) {
    auto error = wrong(option, path, " holds no certificate in PEM form");
    error.set_hint("`openssl x509 -inform der` turns one in DER form into it");
    throw error;
  }
  return path;
}

std::string existing_directory(const std::string& option, const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) refuse_with_errno(option, path, "open");
  if (!S_ISDIR(status.st_mode)) throw wrong(option, path, " is no directory");
  return path;
}

std::string result_file(const std::string& option, const std::string& path) {
  struct stat status {};
  const bool is_there = ::stat(path.c_str(), &status) == 0;
  if (is_there && S_ISDIR(status.st_mode)) throw wrong(option, path, " is a directory, not a file");
  if (is_there && !S_ISREG(status.st_mode)) {
    if (::access(path.c_str(), W_OK) != 0) refuse_with_errno(option, path, "write to");
    return path;
  }
  const auto slash = path.rfind('/');
  const std::string parent = slash == std::string::npos ? "." : path.substr(0, slash + 1);
  if (path.empty() || path.ends_with('/')) throw wrong(option, path, " names no file");
  if (::stat(parent.c_str(), &status) != 0) refuse_with_errno(option, parent, "write into");
  if (!S_ISDIR(status.st_mode)) throw wrong(option, parent, " is no directory");
  if (::access(parent.c_str(), W_OK | X_OK) != 0) refuse_with_errno(option, parent, "write into");
  return path;
}

}  // namespace ibuild::cli
