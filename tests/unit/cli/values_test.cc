#include <sys/resource.h>

#include <catch2/catch.hpp>

#include "base/error.h"
#include "cli/add_host.h"
#include "cli/byte_size.h"
#include "cli/csv.h"
#include "cli/output_spec.h"
#include "cli/ulimit.h"

using namespace ibuild;
using base::UsageError;

TEST_CASE("csv: fields are cut at commas", "[cli]") {
  CHECK(cli::parse_csv("a,b,") == std::vector<std::string>{"a", "b", ""});
}

TEST_CASE("csv: a quoted field holds commas and quotes", "[cli]") {
  CHECK(cli::parse_csv(R"("dest=a,b",x,"say ""hi""")") ==
        std::vector<std::string>{"dest=a,b", "x", R"(say "hi")"});
}

TEST_CASE("csv: quotes out of place are errors", "[cli]") {
  CHECK_THROWS_AS(cli::parse_csv(R"(a"b)"), UsageError);
  CHECK_THROWS_AS(cli::parse_csv(R"("open)"), UsageError);
  CHECK_THROWS_AS(cli::parse_csv(R"("a"b)"), UsageError);
}

TEST_CASE("csv: attributes have lower-case keys and may hold '='", "[cli]") {
  const auto attributes = cli::parse_attributes("Type=oci,dest=a=b,type=tar");
  CHECK(attributes.at("type") == "tar");
  CHECK(attributes.at("dest") == "a=b");
  CHECK_THROWS_WITH(cli::parse_attributes("type=oci,tar"), Catch::Contains("\"tar\""));
}

TEST_CASE("output_spec: the long form", "[cli]") {
  const auto spec = cli::parse_output("type=oci,dest=app.tar,compression=zstd");
  CHECK(spec.type == "oci");
  CHECK(spec.attributes.at("dest") == "app.tar");
  CHECK(spec.attributes.at("compression") == "zstd");
  CHECK_FALSE(spec.attributes.contains("type"));
}

TEST_CASE("output_spec: a plain path is a directory, a dash a tar on standard output", "[cli]") {
  const auto local = cli::parse_output("out/dir");
  CHECK(local.type == "local");
  CHECK(local.attributes.at("dest") == "out/dir");
  const auto tar = cli::parse_output("-");
  CHECK(tar.type == "tar");
  CHECK(cli::writes_to_stdout(tar));
}

TEST_CASE("output_spec: archives without dest go to standard output", "[cli]") {
  CHECK(cli::writes_to_stdout(cli::parse_output("type=docker")));
  CHECK_FALSE(cli::writes_to_stdout(cli::parse_output("type=docker,dest=x")));
  CHECK_FALSE(cli::writes_to_stdout(cli::parse_output("type=image")));
}

TEST_CASE("output_spec: mistakes are named", "[cli]") {
  CHECK_THROWS_AS(cli::parse_output("type=local"), UsageError);
  CHECK_THROWS_AS(cli::parse_output("dest=x"), UsageError);
  CHECK_THROWS_AS(cli::parse_output(""), UsageError);
  try {
    cli::parse_output("type=dokcer,dest=x");
    FAIL("accepted");
  } catch (const UsageError& error) {
    CHECK(error.hint() == "did you mean type=docker?");
  }
}

TEST_CASE("byte_size: units are powers of 1024", "[cli]") {
  CHECK(cli::parse_byte_size("--x", "64m") == 64ULL << 20);
  CHECK(cli::parse_byte_size("--x", "2GiB") == 2ULL << 30);
  CHECK(cli::parse_byte_size("--x", "1.5k") == 1536);
  CHECK(cli::parse_byte_size("--x", "65536") == 65536);
  CHECK(cli::parse_byte_size("--x", "7 b") == 7);
}

TEST_CASE("byte_size: what is no size is refused", "[cli]") {
  for (const char* text : {"", "m", "-1", "1x", "1kbb", "nan", "inf", "99999999t", "1 2"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_byte_size("--x", text), UsageError);
  }
}

TEST_CASE("ulimit: one value is both limits", "[cli]") {
  const auto limit = cli::parse_ulimit("nofile=1024");
  CHECK(limit == sandbox::Rlimit{.resource = RLIMIT_NOFILE, .soft = 1024, .hard = 1024});
  CHECK(cli::parse_ulimit("core=0:10").hard == 10);
  CHECK(cli::parse_ulimit("memlock=-1:-1").soft == RLIM_INFINITY);
}

TEST_CASE("ulimit: mistakes are named", "[cli]") {
  CHECK_THROWS_AS(cli::parse_ulimit("nofile"), UsageError);
  CHECK_THROWS_AS(cli::parse_ulimit("nofile=x"), UsageError);
  CHECK_THROWS_AS(cli::parse_ulimit("nofile=5:4"), UsageError);
  CHECK_THROWS_AS(cli::parse_ulimit("nofile=-1:4"), UsageError);
  CHECK_THROWS_WITH(cli::parse_ulimit("nofiles=1"), Catch::Contains("nofile?"));
}

TEST_CASE("add_host: both separators, bare and bracketed IPv6", "[cli]") {
  CHECK(cli::parse_add_host("db:10.0.0.1") == "db:10.0.0.1");
  CHECK(cli::parse_add_host("db=10.0.0.1") == "db:10.0.0.1");
  CHECK(cli::parse_add_host("db:::1") == "db:::1");
  CHECK(cli::parse_add_host("db=[fe80::1]") == "db:fe80::1");
  CHECK(cli::parse_add_host("db=host-gateway") == "db:host-gateway");
}

TEST_CASE("add_host: several stand with commas between them", "[cli]") {
  std::vector<std::string> hosts;
  cli::take_add_hosts("a:1.2.3.4,b=::1", hosts);
  CHECK(hosts == std::vector<std::string>{"a:1.2.3.4", "b:::1"});
  CHECK_THROWS_WITH(cli::take_add_hosts("a:1.2.3.4,b", hosts), Catch::Contains("--add-host b"));
  CHECK_THROWS_WITH(cli::take_add_hosts("a\"b", hosts), Catch::Contains("--add-host"));
}

TEST_CASE("add_host: what would break the hosts file is refused", "[cli]") {
  for (const char* text :
       {"db", ":1.2.3.4", "db:", "a b:1.2.3.4", "db:1.2.3", "db:host-gatewa", "a\nb:1.2.3.4"}) {
    CAPTURE(text);
    CHECK_THROWS_AS(cli::parse_add_host(text), UsageError);
  }
}
