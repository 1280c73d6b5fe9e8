#include "builder/plan/build_plan.h"

#include <algorithm>

#include "base/text.h"
#include "parser/go_quote.h"

namespace ibuild::builder {
namespace {

std::string describe_source(const FileSource& source) {
  if (const auto* context = std::get_if<ContextRef>(&source))
    return context->name.empty() ? "context" : "context " + context->name;
  const auto& tree = std::get<TreeRef>(source);
  return tree.step ? "step " + std::to_string(*tree.step + 1) : "scratch";
}

std::string line(const std::string& name, const std::string& value) {
  return value.empty() ? "" : "    " + name + " " + value + "\n";
}

std::string env_lines(const std::string& name,
                      const std::vector<std::pair<std::string, std::string>>& env) {
  std::string text;
  for (const auto& [key, value] : env) text += line(name, key + "=" + base::printable(value));
  return text;
}

struct OpDescriber {
  const EnvList& env_below;  // what need not be told again

  std::string operator()(const BaseOp& op) const {
    return line("base", op.image->reference.str()) +
           line("layers", std::to_string(op.image->layers.size()));
  }
  std::string operator()(const CopyOp& op) const {
    std::string text =
        line(op.verb == CopyOp::Verb::add ? "add-from" : "copy-from", describe_source(op.from));
    for (const auto& path : op.paths) text += path_lines(path);
    for (const auto& file : op.inline_files) {
      text += line("inline", file.name + " " + parser::go_quote(file.content));
    }
    text += line("to", parser::go_quote(op.destination)) + line("chown", op.chown) +
            line("chmod", op.chmod);
    for (const auto& pattern : op.excludes) text += line("exclude", pattern);
    if (op.link) text += line("link", "true");
    if (op.parents) text += line("parents", "true");
    if (op.unpack) text += line("unpack", "true");
    if (op.unpack_remote) text += line("unpack-remote", "true");
    return text;
  }
  static std::string path_lines(const CopyPath& path) {
    if (const auto* url = std::get_if<UrlSource>(&path.remote)) {
      return line("url", parser::go_quote(url->url)) +
             line("checksum", url->checksum ? url->checksum->str() : "");
    }
    const auto* git = std::get_if<parser::GitReference>(&path.remote);
    if (git == nullptr) return line("source", parser::go_quote(path.text));
    std::string text = line("git", parser::go_quote(git->remote)) + line("ref", git->ref) +
                       line("subdir", git->subdir) + line("checksum", git->checksum);
    if (git->keep_git_dir.value_or(false)) text += line("keep-git-dir", "true");
    return text;
  }
  std::string operator()(const WorkdirOp& op) const {
    return line("mkdir", op.path) + line("user", op.user);
  }
  std::string operator()(const RunOp& op) const {
    std::string text = line("argv", parser::go_quote_list(op.argv)) +
                       env_lines("env", op.env.items_since(env_below)) +
                       env_lines("proxy-env", op.proxy_env) + line("cwd", op.working_dir) +
                       line("user", op.user) + line("network", op.network);
    if (op.insecure) text += line("security", "insecure");
    for (const auto& device : op.devices) {
      text += line("device", device.name + (device.required ? " required" : ""));
    }
    for (const auto& mount : op.mounts) text += mount_line(mount);
    if (op.script)
      text += line("script", op.script->name + " " + parser::go_quote(op.script->content));
    return text;
  }
  static std::string mount_line(const RunMount& mount) {
    static constexpr const char* kTypes[] = {"bind", "cache", "tmpfs", "secret", "ssh"};
    std::string text = kTypes[static_cast<int>(mount.type)];
    text += " " + mount.target + " from " + describe_source(mount.from) + ":" + mount.source;
    if (!mount.id.empty()) text += " id=" + mount.id;
    return line("mount", text + (mount.read_only ? " ro" : " rw"));
  }
};

std::string describe_image(const PlannedImage& image) {
  std::string text = "image " + image.platform.str() + "\n";
  text += line("tip", image.tip ? "step " + std::to_string(*image.tip + 1) : "none");
  for (const auto& planned : image.history) {
    if (planned.from_base) continue;
    const std::string step =
        planned.step ? " [step " + std::to_string(*planned.step + 1) + "]" : "";
    text += line("history", base::printable(planned.entry.created_by) + step);
  }
  return text;
}

struct DependencyCollector {
  std::vector<StepId>& ids;
  void add(const FileSource& source) const {
    if (const auto* tree = std::get_if<TreeRef>(&source); tree != nullptr && tree->step)
      ids.push_back(*tree->step);
  }
  void operator()(const BaseOp&) const {}
  void operator()(const WorkdirOp&) const {}
  void operator()(const CopyOp& op) const { add(op.from); }
  void operator()(const RunOp& op) const {
    for (const auto& mount : op.mounts) add(mount.from);
  }
};

}  // namespace

std::vector<StepId> Step::dependencies() const {
  std::vector<StepId> ids;
  if (parent) ids.push_back(*parent);
  std::visit(DependencyCollector{ids}, op);
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
  return ids;
}

void require_runnable(const BuildPlan& plan) {
  if (plan.obstacle) throw parser::DockerfileError(*plan.obstacle);
}

std::string describe(const BuildPlan& plan, ShownEnvironment shown) {
  std::string text;
  const EnvList none;
  std::vector<const EnvList*> env_of(plan.steps.size(), &none);  // of the last RUN up to each step
  for (const auto& step : plan.steps) {
    const EnvList& env_below = step.parent ? *env_of[*step.parent] : none;
    text += std::to_string(step.id + 1) + " " + base::printable(step.name) + "\n";
    text += line("on", step.parent ? "step " + std::to_string(*step.parent + 1) : "");
    if (step.ignore_cache) text += line("cache", "ignored");
    text += std::visit(OpDescriber{env_below}, step.op);
    const auto* run = std::get_if<RunOp>(&step.op);
    if (shown == ShownEnvironment::changes) env_of[step.id] = run ? &run->env : &env_below;
  }
  for (const auto& image : plan.images) text += describe_image(image);
  return text;
}

}  // namespace ibuild::builder
