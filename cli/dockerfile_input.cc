#include "cli/dockerfile_input.h"

#include <sys/stat.h>

#include <array>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/text.h"

namespace ibuild::cli {

namespace {

bool is_url(std::string_view text) {
  return text.starts_with("http://") || text.starts_with("https://") ||
         text.starts_with("git://") || text.starts_with("git@") || text.starts_with("ssh://") ||
         text.starts_with("github.com/");
}

std::string join_path(const std::string& directory, const std::string& name) {
  return directory.ends_with('/') ? directory + name : directory + "/" + name;
}

std::string read_stdin(std::istream& in) {
  std::string text;
  std::array<char, 16384> buffer;
  while (in.read(buffer.data(), buffer.size()) || in.gcount() > 0) {
    text.append(buffer.data(), static_cast<std::size_t>(in.gcount()));
    if (text.size() > kMaxDockerfileBytes)
      throw base::Error("the Dockerfile on standard input is too large");
  }
  return text;
}

std::optional<std::string> read_context_ignore_file(const std::string& context) {
  return base::try_read_host_file(join_path(context, ".dockerignore"), kMaxDockerfileBytes);
}

struct FoundFile {
  std::string path;
  std::string text;
};

FoundFile find_in_context(const std::string& context) {
  for (const char* name : {"Dockerfile", "dockerfile"}) {
    const auto path = join_path(context, name);
    if (auto text = base::try_read_host_file(path, kMaxDockerfileBytes))
      return {path, *std::move(text)};
  }
  base::Error error("there is no Dockerfile in " + base::printable(context));
  error.set_hint("name it with -f FILE");
  throw error;
}

FoundFile read_named(const std::string& file) {
  if (is_url(file))
    throw base::UsageError("--file " + base::printable(file) + ": a URL is not supported");
  auto text = base::try_read_host_file(file, kMaxDockerfileBytes);
  if (!text) {
    base::Error error("there is no file " + base::printable(file));
    error.set_hint("the path after -f is relative to the current directory, not to the context");
    throw error;
  }
  return {file, *std::move(text)};
}

}  // namespace

void check_context(const std::string& context) {
  if (context == "-") throw base::UsageError("a context on standard input (-) is not supported");
  if (is_url(context)) {
    throw base::UsageError("a URL as context is not supported: " + base::printable(context));
  }
  struct stat info {};
  if (stat(context.c_str(), &info) != 0) throw base::SystemError("open context", context);
  if (!S_ISDIR(info.st_mode)) {
    throw base::UsageError("the context " + base::printable(context) + " is not a directory");
  }
}

DockerfileInput read_dockerfile(const DockerfileQuery& query, std::istream& in) {
  if (query.file == "-") {
    return {.name = "Dockerfile",
            .text = read_stdin(in),
            .ignore_file = read_context_ignore_file(query.context)};
  }
  auto found = query.file.empty() ? find_in_context(query.context) : read_named(query.file);
  auto ignore_file = base::try_read_host_file(found.path + ".dockerignore", kMaxDockerfileBytes);
  if (!ignore_file) ignore_file = read_context_ignore_file(query.context);
  return {.name = found.path.substr(found.path.rfind('/') + 1),
          .text = std::move(found.text),
          .ignore_file = std::move(ignore_file)};
}

}  // namespace ibuild::cli
