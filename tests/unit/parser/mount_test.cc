#include "parser/mount.h"

#include <catch2/catch.hpp>

#include "base/error.h"

using namespace ibuild::parser;
using ibuild::base::UsageError;

namespace {

std::string fault(const char* csv) {
  try {
    parse_mount(csv);
    return "";
  } catch (const UsageError& error) {
    return error.what();
  }
}

}  // namespace

TEST_CASE("mount: the type is bind unless said otherwise, and read-only", "[parser]") {
  const Mount mount = parse_mount("target=/src");
  CHECK(mount.type == MountType::bind);
  CHECK(mount.target == "/src");
  CHECK(mount.read_only);
  CHECK_FALSE(mount.read_only_given);
}

TEST_CASE("mount: keys have short names", "[parser]") {
  CHECK(parse_mount("dst=/a,src=b").target == "/a");
  CHECK(parse_mount("destination=/a,src=b").source == "b");
  CHECK_FALSE(parse_mount("target=/a,rw").read_only);
  CHECK_FALSE(parse_mount("target=/a,readwrite=true").read_only);
  CHECK(parse_mount("target=/a,rw=false").read_only);
  CHECK(parse_mount("type=cache,target=/a,ro").read_only);
  CHECK(parse_mount("type=cache,target=/a,readonly=1").read_only_given);
}

TEST_CASE("mount: letter case of keys and types does not count", "[parser]") {
  CHECK(parse_mount("TYPE=Cache,Target=/a").type == MountType::cache);
}

TEST_CASE("mount: a cache is shared and writable unless said otherwise", "[parser]") {
  const Mount mount = parse_mount("type=cache,target=/c,mode=0700,uid=1000,gid=4294967295");
  CHECK(mount.sharing == CacheSharing::shared);
  CHECK_FALSE(mount.read_only);
  CHECK(mount.mode == 0700);
  CHECK(mount.uid == 1000);
  CHECK(mount.gid == 4294967295);
  CHECK(mount.id.empty());
  CHECK(parse_mount("type=cache,target=/c,sharing=private").sharing == CacheSharing::private_);
  CHECK(parse_mount("type=cache,target=/c,sharing=Locked").sharing == CacheSharing::locked);
}

TEST_CASE("mount: a tmpfs has a size", "[parser]") {
  CHECK(parse_mount("type=tmpfs,target=/t,size=64m").size_bytes == 64u << 20);
  CHECK(parse_mount("type=tmpfs,target=/t").size_bytes == 0);
  CHECK(fault("type=tmpfs,target=/t,size=big") == "invalid value for size: big");
  CHECK(fault("target=/t,size=1") == "unexpected key 'size' for mount type 'bind'");
}

TEST_CASE("mount: a tmpfs has no source", "[parser]") {
  CHECK(fault("type=tmpfs,target=/t,source=a") == "a tmpfs mount takes no source: it begins empty");
  CHECK(parse_mount("type=tmpfs,target=/t,source=/").source == "/");
}

TEST_CASE("mount: a secret is known by its id, its source or its target", "[parser]") {
  CHECK(parse_mount("type=secret,id=a,target=/b/c").id == "a");
  CHECK(parse_mount("type=secret,source=s").id == "s");
  CHECK(parse_mount("type=secret,target=/b/c/").id == "c");
  CHECK(fault("type=secret").find("one of source, target required") != std::string::npos);
  CHECK(fault("type=secret,id=a,src=b").find("both") != std::string::npos);
  CHECK(fault("type=secret,id=a,from=b").find("from") != std::string::npos);
}

TEST_CASE("mount: a secret may go into a variable and may be required", "[parser]") {
  const Mount mount = parse_mount("type=secret,id=a,env=TOKEN,required");
  CHECK(mount.env == "TOKEN");
  CHECK(mount.required);
  CHECK_FALSE(parse_mount("type=secret,id=a,required=false").required);
}

TEST_CASE("mount: ssh has a default agent and no source", "[parser]") {
  CHECK(parse_mount("type=ssh").id == "default");
  CHECK(parse_mount("type=ssh,id=k,mode=0660").id == "k");
  CHECK(fault("type=ssh,source=a").find("no source") != std::string::npos);
}

TEST_CASE("mount: keys of other types are refused by name", "[parser]") {
  CHECK(fault("target=/a,required") == "unexpected key 'required' for mount type 'bind'");
  CHECK(fault("target=/a,uid=1") == "uid not allowed for \"bind\" type mounts");
  CHECK(fault("type=tmpfs,target=/a,mode=1") == "mode not allowed for \"tmpfs\" type mounts");
  CHECK(fault("target=/a,sharing=locked").find("sharing") != std::string::npos);
}

TEST_CASE("mount: the type counts wherever it stands", "[parser]") {
  CHECK(parse_mount("required=true,id=a,type=secret").required);
}

TEST_CASE("mount: misspelt keys and types have a suggestion", "[parser]") {
  try {
    parse_mount("type=cahce,target=/a");
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(error.hint() == "did you mean cache?");
  }
  try {
    parse_mount("tarrget=/a");
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(std::string(error.what()) == "unexpected key 'tarrget' in 'tarrget=/a'");
    CHECK(error.hint() == "did you mean target?");
  }
}

TEST_CASE("mount: numbers are checked", "[parser]") {
  CHECK(fault("type=cache,target=/a,mode=0789") == "invalid value for mode: 0789");
  CHECK(fault("type=cache,target=/a,uid=-1") == "invalid value for uid: -1");
  CHECK(fault("type=cache,target=/a,gid=4294967296") == "invalid value for gid: 4294967296");
  CHECK(fault("target=/a,ro=maybe") == "invalid value for ro: maybe");
}

TEST_CASE("mount: a field without a value must be a switch", "[parser]") {
  CHECK(fault("target") == "invalid field 'target' must be a key=value pair");
  CHECK(fault("target=/a,") == "invalid field '' must be a key=value pair");
}

TEST_CASE("mount: values are quoted as in CSV", "[parser]") {
  CHECK(parse_mount("\"target=/a,b\",src=c").target == "/a,b");
  CHECK(fault("\"target=/a").find("not closed") != std::string::npos);
}

TEST_CASE("mount: each value is expanded by itself", "[parser]") {
  const Mount mount = parse_mount("type=$t,target=/x,id=$i", [](std::string_view value) {
    return value == "$t"   ? std::string("cache")
           : value == "$i" ? std::string("a,b=c")
                           : std::string(value);
  });
  CHECK(mount.type == MountType::cache);
  CHECK(mount.id == "a,b=c");
}

TEST_CASE("mount: from takes no variable", "[parser]") {
  CHECK_THROWS_AS(check_mount("from=$x,target=/a"), UsageError);
  CHECK_NOTHROW(check_mount("from=x$,target=/a"));
  CHECK_NOTHROW(check_mount("type=nonsense,foo"));
  CHECK_THROWS_AS(check_mount(""), UsageError);
}

TEST_CASE("mount: from is found without reading the rest", "[parser]") {
  CHECK(mount_from("type=$x,from=stage,target=/a") == "stage");
  CHECK(mount_from("target=/a").empty());
}

TEST_CASE("mount: options of other builders are refused by name, with what to do", "[parser]") {
  const auto hint = [](const char* csv) {
    try {
      parse_mount(csv);
      return std::string();
    } catch (const UsageError& error) {
      return error.hint();
    }
  };
  CHECK(fault("target=/a,Z") == "the option 'Z' of a mount is not supported");
  CHECK(fault("target=/a,U=true") == "the option 'U' of a mount is not supported");
  CHECK(fault("type=cache,target=/a,nosuid") == "the option 'nosuid' of a mount is not supported");
  CHECK_THAT(hint("target=/a,z"), Catch::Contains("--security-opt label="));
  CHECK_THAT(hint("target=/a,relabel=shared"), Catch::Contains("--security-opt label="));
  CHECK_THAT(hint("target=/a,U"), Catch::Contains("uid="));
  CHECK_THAT(hint("type=tmpfs,target=/a,tmpcopyup"), Catch::Contains("tmpfs begins empty"));
  CHECK_THAT(hint("target=/a,bind-propagation=rshared"), Catch::Contains("its own"));
}

TEST_CASE("mount: the place of a fault is the option", "[parser]") {
  const SourceRange instruction{{3, 1}, {3, 60}};
  const auto place = [&](const std::string& text, int last_column) {
    const WrittenMount mount{text, {{3, 5}, {3, last_column}}};
    try {
      parse_mount(text);
    } catch (const UsageError& error) {
      return place_of_fault(error, mount, instruction);
    }
    return SourceRange{};
  };
  // --mount= begins at column 5, its value at 13.
  CHECK(place("taget=/c", 20) == SourceRange{{3, 13}, {3, 20}});
  CHECK(place("type=cache,taget=/c", 31) == SourceRange{{3, 24}, {3, 31}});
  CHECK(place("target=/a,mode=9,type=cache", 39) == SourceRange{{3, 23}, {3, 28}});
  CHECK(place("\"taget=/c\"", 22) == SourceRange{{3, 5}, {3, 22}});  // in quotes
  CHECK(place("type=secret", 23) == SourceRange{{3, 5}, {3, 23}});   // of no option
  CHECK(place("taget=/c", 27) == SourceRange{{3, 5}, {3, 27}});      // not as it is read
  CHECK(place_of_fault(UsageError("x"), {"a", {}}, instruction) == instruction);
}
