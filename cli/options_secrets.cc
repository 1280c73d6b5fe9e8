#include "cli/options_secrets.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#include <cstdlib>
#include <map>
#include <memory>
#include <mutex>
#include <optional>

#include "base/error.h"
#include "base/stream.h"
#include "base/text.h"
#include "cli/csv.h"
#include "cli/key_agent.h"

namespace ibuild::cli {

namespace {

struct SecretSource {
  std::string file;
  std::string variable;  // counts before the file
};

[[noreturn]] void refuse(const std::string& option, std::string_view text, const std::string& why) {
  throw base::UsageError(option + " " + base::printable(text) + ": " + why);
}

/// Without a place the id is a variable, or else a file, as `docker build` has it.
void fill_in_source(SecretSource& source, const std::string& id) {
  if (!source.variable.empty() || !source.file.empty()) return;
  (std::getenv(id.c_str()) != nullptr ? source.variable : source.file) = id;
}

void check_file(const SecretSource& source, std::string_view text) {
  if (source.file.empty()) return;
  struct stat info {};
  if (::stat(source.file.c_str(), &info) != 0) {
    const base::SystemError error("find", source.file);
    refuse("--secret", text, error.what());
  }
  if (S_ISDIR(info.st_mode)) refuse("--secret", text, source.file + " is a directory");
  if (S_ISREG(info.st_mode) && static_cast<std::size_t>(info.st_size) > kMaxSecretBytes) {
    refuse("--secret", text,
           "the file is larger than " + base::human_bytes(kMaxSecretBytes) + ", the most there is");
  }
}

std::pair<std::string, SecretSource> parse_secret(std::string_view text) {
  std::string id;
  std::string type;
  SecretSource source;
  for (const auto& field : parse_csv(text)) {
    const auto equals = field.find('=');
    if (equals == std::string::npos) refuse("--secret", text, field + " should be key=value");
    const std::string key = base::to_lower(field.substr(0, equals));
    const std::string value = field.substr(equals + 1);
    if (key == "id") {
      id = value;
    } else if (key == "src" || key == "source") {
      source.file = value;
    } else if (key == "env") {
      source.variable = value;
    } else if (key == "type") {
      type = value;
    } else {
      refuse("--secret", text, "there is no key " + key + " (id, src, env, type)");
    }
  }
  if (!type.empty() && type != "file" && type != "env")
    refuse("--secret", text, "type must be file or env");
  if (id.empty()) refuse("--secret", text, "it needs an id=");
  if (type == "env" && source.variable.empty()) std::swap(source.variable, source.file);
  fill_in_source(source, id);
  check_file(source, text);
  return {id, source};
}

std::string read_secret(const std::string& id, const SecretSource& source) {
  if (!source.variable.empty()) {
    const char* value = std::getenv(source.variable.c_str());
    return value == nullptr ? "" : value;
  }
  // Also a pipe of the shell's, which can be read but once.
  const base::UniqueFd fd(::open(source.file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd) {
    base::SystemError error("open", source.file);
    error.add_context("secret " + id);
    throw error;
  }
  base::FdSource from(fd.get());
  return base::read_all(from, kMaxSecretBytes, "secret " + id);
}

/// What has been read stays here, and only here.
class SecretStore {
 public:
  explicit SecretStore(std::map<std::string, SecretSource> sources)
      : sources_(std::move(sources)) {}
  std::optional<std::string> find(const std::string& id) {
    const auto source = sources_.find(id);
    if (source == sources_.end()) return std::nullopt;
    const std::lock_guard lock(mutex_);
    const auto known = values_.find(id);
    if (known != values_.end()) return known->second;
    return values_.emplace(id, read_secret(id, source->second)).first->second;
  }

 private:
  const std::map<std::string, SecretSource> sources_;
  std::mutex mutex_;
  std::map<std::string, std::string> values_;
};

struct AgentSource {
  std::vector<std::string> paths;
  bool raw = false;
};

/// "default", "id=path,path", "id=path,raw=true".
std::pair<std::string, AgentSource> parse_agent(std::string_view text) {
  const auto equals = text.find('=');
  const std::string id(text.substr(0, equals));
  AgentSource source;
  if (equals != std::string_view::npos) {
    for (const auto part : base::split(text.substr(equals + 1), ',')) {
      if (part == "raw=true" || part == "raw=false") {
        source.raw = part == "raw=true";
      } else if (!part.empty()) {
        source.paths.emplace_back(part);
      }
    }
  }
  if (!source.paths.empty()) return {id, source};
  const char* socket = std::getenv("SSH_AUTH_SOCK");
  if (socket == nullptr || *socket == '\0') {
    refuse("--ssh", text,
           "SSH_AUTH_SOCK names no agent here; start one, or give a socket or keys: --ssh " +
               (id.empty() ? builder::kDefaultSshId : id) + "=PATH");
  }
  source.paths.emplace_back(socket);
  return {id, source};
}

/// Whether the paths are keys; a socket stands alone.
bool are_keys(const AgentSource& source, std::string_view text) {
  std::size_t sockets = 0;
  for (const auto& path : source.paths) {
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) {
      const base::SystemError error("find", path);
      refuse("--ssh", text, error.what());
    }
    if (S_ISSOCK(info.st_mode)) ++sockets;
  }
  if (sockets > 0 && source.paths.size() > 1)
    refuse("--ssh", text, "a socket stands for all keys there are, and takes no other path");
  if (sockets == 0 && source.raw) refuse("--ssh", text, "raw=true needs a socket");
  return sockets == 0;
}

/// The agents that were asked for by id. Those for keys are started when they are needed.
class AgentTable {
 public:
  void add(const std::string& id, const AgentSource& source, std::string_view text) {
    Entry entry;
    if (are_keys(source, text)) {
      entry.keys = source.paths;
    } else {
      using Access = builder::SshAgent::Access;
      entry.agent = {source.paths.front(), source.raw ? Access::all : Access::keys};
    }
    entries_[id] = std::move(entry);
  }
  std::optional<builder::SshAgent> find(const std::string& id) {
    const std::lock_guard lock(mutex_);
    const auto entry = entries_.find(id);
    if (entry == entries_.end()) return std::nullopt;
    auto& found = entry->second;
    if (!found.keys.empty() && !found.own) {
      found.own = std::make_unique<KeyAgent>(found.keys);
      found.agent.socket_path = found.own->socket_path();
    }
    return found.agent;
  }

 private:
  struct Entry {
    builder::SshAgent agent;
    std::vector<std::string> keys;
    std::unique_ptr<KeyAgent> own;
  };
  std::mutex mutex_;
  std::map<std::string, Entry> entries_;
};

}  // namespace

void SecretOptions::add_to(OptionParser& parser) {
  parser.list("--secret", "id=ID[,src=FILE|,env=VAR]", secrets,
              "Secret for RUN --mount=type=secret; never part of the image");
  parser.list("--ssh", "default|ID[=SOCKET|KEY,…]", agents,
              "SSH agent or keys for RUN --mount=type=ssh");
}

builder::SecretLookup make_secret_lookup(const std::vector<std::string>& secrets) {
  if (secrets.empty()) return {};
  std::map<std::string, SecretSource> sources;
  for (const auto& text : secrets) {
    auto [id, source] = parse_secret(text);
    sources[id] = std::move(source);
  }
  // Shared by the copies of the lookup: a pipe can be read only once.
  auto store = std::make_shared<SecretStore>(std::move(sources));
  return [store](const std::string& id) { return store->find(id); };
}

std::vector<std::string> ids_of_secrets(const std::vector<std::string>& secrets) {
  std::vector<std::string> ids;
  ids.reserve(secrets.size());
  for (const auto& text : secrets) ids.push_back(parse_secret(text).first);
  return ids;
}

builder::SshAgentLookup make_ssh_agent_lookup(const std::vector<std::string>& agents) {
  if (agents.empty()) return {};
  // Shared by the copies of the lookup: they use the same agents.
  auto table = std::make_shared<AgentTable>();
  for (const auto& text : agents) {
    const auto [id, source] = parse_agent(text);
    table->add(id.empty() ? builder::kDefaultSshId : id, source, text);
  }
  return [table](const std::string& id) { return table->find(id); };
}

void forbid_core_dumps() {
  // 1 and not 0: programs that the kernel pipes dumps into are started for 0. See: core(5).
  constexpr rlim_t kNoDump = 1;
  rlimit limit{};
  if (::getrlimit(RLIMIT_CORE, &limit) != 0) throw base::SystemError("getrlimit", "core");
  limit.rlim_cur = std::min(kNoDump, limit.rlim_max);
  if (::setrlimit(RLIMIT_CORE, &limit) != 0) throw base::SystemError("setrlimit", "core");
}

}  // namespace ibuild::cli
