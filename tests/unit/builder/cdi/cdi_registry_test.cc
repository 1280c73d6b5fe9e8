#include "builder/cdi/cdi_registry.h"

#include <catch2/catch.hpp>

#include "base/error.h"
#include "base/files.h"
#include "base/fs_at.h"
#include "tests/support/scratch_dir.h"

namespace ibuild::builder {
namespace {

/// As the tool of a maker of graphics cards writes it.
constexpr const char* kCard = R"(---
cdiVersion: 0.5.0
kind: vendor.com/gpu
annotations:
  where: board
containerEdits:
  env:
  - VISIBLE=void
  deviceNodes:
  - path: /dev/ctl
  mounts:
  - containerPath: /usr/lib/libcard.so.1
    hostPath: /opt/card/libcard.so.1
    options:
    - ro
    - nosuid
    - nodev
    - bind
devices:
- name: "0"
  containerEdits:
    deviceNodes:
    - hostPath: /dev/card0
      path: /dev/card
      permissions: rwm
    additionalGids: [44, 0]
- name: all
  annotations:
    org.mobyproject.buildkit.device.autoallow: "true"
    org.mobyproject.buildkit.device.class: "cards"
  containerEdits: {}
)";

class Descriptions {
 public:
  Descriptions& put(const std::string& name, const std::string& text) {
    const auto path = base::RelPath::exact(name);
    base::make_dirs(dir_.dir(), path.parent());
    base::write_file_atomically(dir_.dir(), path, text);
    return *this;
  }
  std::string dir(const std::string& name) const { return dir_.host_path() + "/" + name; }

 private:
  base::TempDir dir_ = test::make_scratch_dir();
};

std::string json_device(const std::string& name, const std::string& edits) {
  return R"({"cdiVersion": "0.6.0", "kind": "a.b/c", "devices": [{"name": ")" + name +
         R"(", "containerEdits": )" + edits + "}]}";
}

std::vector<std::string> names(const std::vector<CdiDevice>& devices) {
  std::vector<std::string> all;
  for (const auto& device : devices) all.push_back(device.name);
  return all;
}

TEST_CASE("cdi: a device has what its description says, and what all of it have", "[builder]") {
  const auto devices = parse_cdi_file(kCard);
  REQUIRE(names(devices) == std::vector<std::string>{"vendor.com/gpu=0", "vendor.com/gpu=all"});
  const CdiEdits& edits = devices[0].edits;
  CHECK(edits.env == std::vector<std::string>{"VISIBLE=void"});
  CHECK(edits.nodes == std::vector<CdiNode>{{"/dev/ctl", "/dev/ctl"}, {"/dev/card0", "/dev/card"}});
  CHECK(edits.mounts ==
        std::vector<CdiMount>{{"/opt/card/libcard.so.1", "/usr/lib/libcard.so.1", true, true}});
  CHECK(edits.additional_gids == std::vector<std::uint32_t>{44});
  CHECK(edits.unsupported.empty());
  CHECK(devices[0].annotations.at("where") == "board");
  CHECK_FALSE(devices[0].is_allowed_to_all());
  CHECK(devices[1].is_allowed_to_all());
}

TEST_CASE("cdi: what cannot be given is told, and only of the device that needs it", "[builder]") {
  const auto unsupported = [](const std::string& edits) {
    return parse_cdi_file(json_device("x", edits)).at(0).edits.unsupported;
  };
  using Words = std::vector<std::string>;
  CHECK(unsupported(R"({"hooks": [{"hookName": "poststop", "path": "/bin/h"}]})") ==
        Words{"the hook poststop /bin/h"});
  CHECK(unsupported(R"({"deviceNodes": [{"path": "/dev/a", "permissions": "r"}]})") ==
        Words{"the permissions r of the device node /dev/a"});
  CHECK(unsupported(R"({"deviceNodes": [{"path": "/dev/a", "uid": 5}]})") ==
        Words{"uid of the device node /dev/a"});
  CHECK(unsupported(
            R"({"mounts": [{"hostPath": "/a", "containerPath": "/b", "options": ["noexec"]}]})") ==
        Words{"the option noexec of the mount at /b"});
  CHECK(
      unsupported(R"({"mounts": [{"hostPath": "/a", "containerPath": "/b", "type": "tmpfs"}]})") ==
      Words{"the mount of type tmpfs at /b"});
  CHECK(unsupported(R"({"intelRdt": {"closID": "x"}})") == Words{"intelRdt"});
  CHECK(unsupported(R"({"env": ["A=b=c"]})").empty());
}

TEST_CASE("cdi: hooks are taken as a description has them", "[builder]") {
  const auto hooks = [](const std::string& list) {
    return parse_cdi_file(json_device("x", R"({"hooks": )" + list + "}")).at(0).edits.hooks;
  };
  using When = sandbox::Hook::When;
  const auto found = hooks(R"([
      {"hookName": "createContainer", "path": "/usr/bin/card-hook",
       "args": ["card-hook", "create-symlinks", "--link", "a::b"], "env": ["A=b"], "timeout": 3},
      {"hookName": "prestart", "path": "/p"}, {"hookName": "startContainer", "path": "/s"}])");
  REQUIRE(found.size() == 3);
  CHECK(found[0] == sandbox::Hook{When::create_container,
                                  "/usr/bin/card-hook",
                                  {"card-hook", "create-symlinks", "--link", "a::b"},
                                  {"A=b"},
                                  std::chrono::seconds(3)});
  CHECK(found[1].when == When::create_runtime);
  CHECK(found[2].when == When::start_container);
  for (const std::string bad :
       {R"([{"hookName": "createContainer", "path": "h"}])", R"([{"hookName": "createRuntime"}])",
        R"([{"hookName": "prestart", "path": "/h", "timeout": -1}])",
        R"([{"hookName": "prestart", "path": "/h", "timeout": "1"}])",
        R"([{"hookName": "prestart", "path": "/h", "env": ["A"]}])", "[1]"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(hooks(bad), base::ContentError);
  }
}

TEST_CASE("cdi: bad descriptions are refused", "[builder]") {
  for (const std::string bad : {"", "[]", "kind: a.b/c\n", "cdiVersion: 0.6.0\nkind: abc\n",
                                "cdiVersion: 0.6.0\nkind: a.b/c\ndevices: x\n",
                                "cdiVersion: 0.6.0\nkind: a.b/c\ndevices:\n- containerEdits: {}\n",
                                "cdiVersion: 0.6.0\nkind: a.b/c\ndevices:\n- name: '*'\n"}) {
    CAPTURE(bad);
    CHECK_THROWS_AS(parse_cdi_file(bad), base::ContentError);
  }
  for (const std::string edits :
       {R"({"env": ["A"]})", R"({"env": ["=b"]})", R"({"env": "A=b"})", R"({"env": [1]})",
        R"({"deviceNodes": [{"path": "dev/a"}]})", R"({"mounts": [{"hostPath": "/a"}]})",
        R"({"mounts": [1]})", R"({"additionalGids": [-1]})", R"({"additionalGids": ["x"]})", "5"}) {
    CAPTURE(edits);
    CHECK_THROWS_AS(parse_cdi_file(json_device("x", edits)), base::ContentError);
  }
}

TEST_CASE("cdi: names are a vendor, a class and a name", "[builder]") {
  for (const char* good :
       {"v/c", "vendor.com/gpu", "vendor.com/gpu=0", "v.w-x/c_d=a:b.c-d", "v/c=*"})
    CHECK(is_cdi_name(good));
  for (const char* bad :
       {"", "v", "/c", "v/", "v/c=", "v/c=a/b", "../c", "v/../c=x", "v/c=-a", "v c/d", "v/c==a"})
    CHECK_FALSE(is_cdi_name(bad));
}

TEST_CASE("cdi: devices are found by name, kind and group", "[builder]") {
  Descriptions files;
  files.put("a/card.yaml", kCard).put("a/other.json", json_device("x", "{}"));
  files.put("a/notes.txt", "no description");
  const CdiRegistry registry({files.dir("a"), files.dir("missing")});
  using Words = std::vector<std::string>;
  CHECK(registry.names() == Words{"a.b/c=x", "vendor.com/gpu=0", "vendor.com/gpu=all"});
  CHECK(names(registry.find("vendor.com/gpu=all")) == Words{"vendor.com/gpu=all"});
  CHECK(names(registry.find("vendor.com/gpu")) == Words{"vendor.com/gpu=0"});
  CHECK(names(registry.find("vendor.com/gpu=*")) ==
        Words{"vendor.com/gpu=0", "vendor.com/gpu=all"});
  CHECK(names(registry.find("vendor.com/gpu=cards")) == Words{"vendor.com/gpu=all"});
  CHECK(registry.find("vendor.com/gpu=7").empty());
  CHECK(registry.find("a.b/gpu").empty());
  CHECK_THROWS_AS(registry.find("gpu"), base::UsageError);
}

TEST_CASE("cdi: later directories win, and nobody wins in the same", "[builder]") {
  Descriptions files;
  files.put("a/1.json", json_device("x", R"({"env": ["FROM=a"]})"));
  files.put("b/1.json", json_device("x", R"({"env": ["FROM=b"]})"));
  files.put("c/1.json", json_device("x", "{}")).put("c/2.yml", json_device("x", "{}"));
  const auto find = [&](const std::vector<std::string>& directories) {
    std::vector<std::string> paths;
    for (const auto& name : directories) paths.push_back(files.dir(name));
    return CdiRegistry(paths).find("a.b/c=x");
  };
  CHECK(find({"a", "b"}).at(0).edits.env == std::vector<std::string>{"FROM=b"});
  CHECK(find({"b", "a"}).at(0).edits.env == std::vector<std::string>{"FROM=a"});
  CHECK(find({"a", "c"}).empty());
  CHECK(find({"c", "a"}).size() == 1);
  files.put("d/bad.yaml", "kind: [\n");
  CHECK_THROWS_WITH(CdiRegistry({files.dir("d")}),
                    Catch::Contains("d/bad.yaml") && Catch::Contains("line 2"));
}

}  // namespace
}  // namespace ibuild::builder
