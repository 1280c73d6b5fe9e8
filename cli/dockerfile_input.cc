#include "cli/dockerfile_input.h"

#include <sys/stat.h>

#include <cstdlib>
#include <memory>

#include "base/error.h"
#include "base/fs_at.h"
#include "base/stoppable_stream.h"
#include "base/text.h"
#include "builder/context/ignore_file.h"

namespace ibuild::cli {

namespace {

using base::Links;
using base::RelPath;

struct FoundFile {
  std::string name;  // for messages
  std::string text;
  std::optional<std::string> ignore_file;  // beside it
};

/// What is no file of this machine and cannot be fetched.
bool is_other_url(std::string_view text) {
  return text.starts_with("git://") || text.starts_with("git@") || text.starts_with("ssh://");
}

/// The place with all links resolved; empty when there is none.
std::string real_place(const std::string& path) {
  const std::unique_ptr<char, decltype(&std::free)> real(::realpath(path.c_str(), nullptr),
                                                         &std::free);
  return real ? std::string(real.get()) : std::string();
}

std::pair<std::string, std::string> split_last(const std::string& path) {
  const auto slash = path.rfind('/');
  if (slash == std::string::npos) return {".", path};
  return {slash == 0 ? "/" : path.substr(0, slash), path.substr(slash + 1)};
}

std::optional<FoundFile> try_read_in(const base::DirFd& context, const RelPath& path) {
  auto text = base::try_read_file_at(context, path, kMaxDockerfileBytes, Links::follow_in_root);
  if (!text) return std::nullopt;
  FoundFile found{std::string(path.name()), *std::move(text), std::nullopt};
  for (const char* ending : {".dockerignore", ".containerignore"}) {
    if (found.ignore_file) break;
    found.ignore_file = base::try_read_file_at(context, RelPath::exact(path.str() + ending),
                                               kMaxDockerfileBytes, Links::follow_in_root);
  }
  return found;
}

[[noreturn]] void throw_missing(const std::string& what, const std::string& hint) {
  base::Error error(what);
  error.set_hint(hint);
  throw error;
}

/// Says why a link is not followed, if there is one.
void check_no_outward_link(const base::DirFd& context, const RelPath& path) {
  const auto status = base::try_lstat_at(context, path);
  if (status && S_ISLNK(status->st_mode)) {
    throw_missing(base::printable(context.show(path)) +
                      " is a link that leads to nothing inside "
                      "of the context",
                  "links in a build context are followed with the context as \"/\"");
  }
}

FoundFile find_in_context(const base::DirFd& context, const std::string& shown_as) {
  for (const char* name : {"Dockerfile", "dockerfile", "Containerfile"}) {
    const auto path = RelPath::exact(name);
    if (auto found = try_read_in(context, path)) return *std::move(found);
    check_no_outward_link(context, path);
  }
  throw_missing("there is no Dockerfile in " + shown_as, "name it with -f FILE");
}

FoundFile read_in_context(const base::DirFd& context, const RelPath& path,
                          const std::string& shown_as) {
  if (auto found = try_read_in(context, path)) return *std::move(found);
  check_no_outward_link(context, path);
  throw_missing("there is no file " + base::printable(path.str()) + " in " + shown_as,
                "the path after -f counts from the root of the context here");
}

/// What comes through a pipe, as from the shell's `-f <(generate)`; none when the file is no pipe.
std::optional<FoundFile> try_read_pipe(const std::string& file, const std::stop_token& stop) {
  struct stat info {};
  if (::stat(file.c_str(), &info) != 0 || !S_ISFIFO(info.st_mode)) return std::nullopt;
  const auto pipe = base::open_for_reading(file);
  base::StoppableSource source(pipe.get(), stop);
  return FoundFile{split_last(file).second,
                   base::read_all(source, kMaxDockerfileBytes, base::printable(file)),
                   std::nullopt};
}

/// A file that the user names, outside of the context.
FoundFile read_host_file(const std::string& file) {
  auto text = base::try_read_host_file(file, kMaxDockerfileBytes);
  if (!text) {
    throw_missing("there is no file " + base::printable(file),
                  "the path after -f is relative to the current directory, not to the context");
  }
  auto ignore_file = base::try_read_host_file(file + ".dockerignore", kMaxDockerfileBytes);
  if (!ignore_file)
    ignore_file = base::try_read_host_file(file + ".containerignore", kMaxDockerfileBytes);
  return {split_last(file).second, *std::move(text), std::move(ignore_file)};
}

/// A file by its path from here. One that lies in the context is read as all of the context is.
FoundFile read_named(const std::string& file, const std::string& context,
                     const std::stop_token& stop) {
  if (auto found = try_read_pipe(file, stop)) return *std::move(found);
  const auto [folder, name] = split_last(file);
  const std::string real_folder = real_place(folder) + "/";
  const std::string root = real_place(context);
  const bool inside = !root.empty() && real_folder.starts_with(root == "/" ? root : root + "/");
  if (!inside || name.empty()) return read_host_file(file);
  const auto dir = base::DirFd::open(context);
  const auto path = RelPath::clean(real_folder.substr(root.size())).join(name);
  if (auto found = try_read_in(dir, path)) return *std::move(found);
  check_no_outward_link(dir, path);
  return read_host_file(file);  // says that it is not there
}

bool is_from_stdin(const builder::ContextSpec& spec) {
  return std::holds_alternative<builder::StdinContext>(spec);
}

/// Throws: UsageError when standard input is a Dockerfile itself, and --file another one.
void check_one_dockerfile(const DockerfileQuery& query) {
  if (query.context.dockerfile && !query.file.empty() && is_from_stdin(query.spec)) {
    throw base::UsageError("--file " + base::printable(query.file) +
                           " names a Dockerfile, and the context is another one");
  }
}

/// What is read when the context is a Dockerfile by URL: that file, unless --file names one
/// elsewhere. A name that would be looked for in the context does not count, as from buildx.
bool is_context_itself(const DockerfileQuery& query) {
  const std::string& file = query.file;
  const bool is_elsewhere = file == "-" || is_http_url(file) || file.starts_with('/');
  return query.context.dockerfile && !is_elsewhere;
}

FoundFile find_in_files(const DockerfileQuery& query, const std::stop_token& stop) {
  const std::string& file = query.file;
  const auto& directory = query.context.directory;
  if (std::holds_alternative<builder::DirectoryContext>(query.spec)) {
    return file.empty() ? find_in_context(base::DirFd::open(directory), base::printable(directory))
                        : read_named(file, directory, stop);
  }
  if (file.starts_with('/') && !is_from_stdin(query.spec)) {
    if (auto found = try_read_pipe(file, stop)) return *std::move(found);
    return read_host_file(file);
  }
  const auto root = base::DirFd::open(directory);
  return file.empty() ? find_in_context(root, "the context")
                      : read_in_context(root, RelPath::clean(file), "the context");
}

std::string read_ignore_option(const std::string& file) {
  try {
    return base::read_host_file(file, builder::kMaxIgnoreFileBytes);
  } catch (base::Error& error) {
    error.add_context("--ignorefile");
    throw;
  }
}

FoundFile find_dockerfile(const DockerfileQuery& query, const DockerfileSources& sources) {
  check_dockerfile_option(query.file, query.spec);
  check_one_dockerfile(query);
  const std::string& file = query.file;
  if (file == "-") {
    auto text = base::read_all(sources.standard_input, kMaxDockerfileBytes,
                               "the Dockerfile on standard input");
    if (text.empty()) throw base::UsageError("the Dockerfile on standard input (-) is empty");
    return {"Dockerfile", std::move(text), std::nullopt};
  }
  if (is_http_url(file)) {
    if (sources.files == nullptr)
      throw base::UsageError("--file " + base::printable(file) + ": a URL does not work here");
    return {builder::file_name_of_url(file),
            builder::fetch_dockerfile(file, *sources.files, sources.stop), std::nullopt};
  }
  if (is_context_itself(query)) return {"Dockerfile", *query.context.dockerfile, std::nullopt};
  return find_in_files(query, sources.stop);
}

}  // namespace

void check_dockerfile_option(const std::string& file, const builder::ContextSpec& context) {
  if (file == "-" && is_from_stdin(context))
    throw base::UsageError("standard input cannot be both the context and the Dockerfile");
  if (is_other_url(file))
    throw base::UsageError("--file " + base::printable(file) + ": only http and https URLs work");
}

bool is_http_url(std::string_view file) {
  return file.starts_with("http://") || file.starts_with("https://");
}

DockerfileInput read_local_dockerfile(const std::string& file, const std::string& directory,
                                      base::ByteSource& standard_input) {
  const builder::ContextSpec spec = builder::DirectoryContext{directory};
  builder::ResolvedContext context;
  context.directory = directory;
  context.ignore_files = builder::ResolvedContext::IgnoreFiles::apply;
  return read_dockerfile({.file = file, .ignore_file = {}, .spec = spec, .context = context},
                         {.standard_input = standard_input});
}

DockerfileInput read_dockerfile(const DockerfileQuery& query, const DockerfileSources& sources) {
  auto found = find_dockerfile(query, sources);
  DockerfileInput input{std::move(found.name), std::move(found.text), std::nullopt, ""};
  if (!query.file.empty() && is_context_itself(query)) {
    input.warning = "--file " + base::printable(query.file) +
                    " is not looked for: the context is a Dockerfile itself";
  }
  if (!query.ignore_file.empty()) {
    input.ignore_file = read_ignore_option(query.ignore_file);
  } else if (query.context.ignore_files == builder::ResolvedContext::IgnoreFiles::apply) {
    input.ignore_file =
        found.ignore_file
            ? std::move(found.ignore_file)
            : builder::read_context_ignore_file(base::DirFd::open(query.context.directory));
  }
  return input;
}

}  // namespace ibuild::cli
