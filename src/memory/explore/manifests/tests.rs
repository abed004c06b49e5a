//! Each reader on a small manifest of its ecosystem, and all of them on noise.

use super::*;

fn wants(manifest: &Manifest) -> Vec<String> {
    let shown = |wanted: &Dependency| format!("{} {} {}", wanted.name, wanted.version, wanted.scope);
    manifest.dependencies.iter().map(shown).collect()
}

fn starts(manifest: &Manifest) -> Vec<String> {
    let shown = |entry: &EntryPoint| {
        format!("{} {} {}", entry.kind, entry.name, entry.target.as_deref().unwrap_or("-"))
    };
    manifest.entry_points.iter().map(shown).collect()
}

fn runs(manifest: &Manifest) -> Vec<&str> {
    manifest.commands.iter().map(|command| command.run.as_str()).collect()
}

#[test]
fn cargo_names_workspace_targets_and_scopes() {
    let text = "[package]\nname='a'\ndescription='Does a.'\n[workspace]\nmembers=['b','c/*']\n[[bin]]\nname='x'\npath='src/x.rs'\n\
                [dependencies]\nserde='1'\nown={path='../own'}\n[target.'cfg(unix)'.dependencies]\nlibc={version='0.2'}\n[dev-dependencies]\ninsta='2'\n";
    let manifest = tables::cargo(text);
    assert_eq!((manifest.name.as_str(), manifest.description.as_str()), ("a", "Does a."));
    assert_eq!(manifest.members, ["b", "c/*"]);
    assert_eq!(starts(&manifest), ["binary x src/x.rs"]);
    let mut wanted = wants(&manifest);
    wanted.sort();
    assert_eq!(wanted, ["insta 2 dev", "libc 0.2 runtime", "own  local", "serde 1 runtime"]);
    assert_eq!(runs(&manifest), ["cargo build", "cargo test --workspace"]);
}

#[test]
fn package_json_names_bins_exports_scripts_and_workspaces() {
    let text = r#"{"name":"@o/p","description":"A thing","packageManager":"pnpm@9","workspaces":{"packages":["packages/*"]},
        "bin":{"p":"./bin/p.js"},"main":"lib/index.js","exports":{".":{"types":"./x.d.ts","import":"./dist/index.mjs"}},
        "scripts":{"test":"vitest run"},"dependencies":{"left":"^1","own":"workspace:*"},"devDependencies":{"vitest":"3"}}"#;
    let manifest = tables::package_json(text);
    assert_eq!(manifest.members, ["packages/*"]);
    assert_eq!(starts(&manifest), ["binary p ./bin/p.js", "library @o/p ./dist/index.mjs"]);
    assert_eq!(wants(&manifest), ["left ^1 runtime", "own workspace:* local", "vitest 3 dev"]);
    assert_eq!((runs(&manifest)[0], manifest.commands[0].does.as_str()), ("pnpm run test", "vitest run"));
    assert_eq!(starts(&tables::package_json(r#"{"name":"q","bin":"q.js"}"#)), ["binary q q.js"]);
}

#[test]
fn python_manifests_give_requirements_and_scripts() {
    let text = "[project]\nname='a'\ndescription='d'\ndependencies=['click[x]>=8,<9 ; os_name','attrs']\n\
                [project.scripts]\na-run='a.cli:main'\n[project.optional-dependencies]\nx=['y']\n[tool.pytest.ini_options]\n";
    let manifest = tables::pyproject(text);
    assert_eq!(wants(&manifest), ["click >=8,<9 runtime", "attrs  runtime", "y  optional"]);
    assert_eq!(starts(&manifest), ["script a-run a.cli:main"]);
    assert_eq!(runs(&manifest), ["pytest"]);
    let poetry = tables::pyproject("[tool.poetry]\nname='p'\n[tool.poetry.dependencies]\npython='^3'\n");
    assert_eq!((poetry.name.as_str(), wants(&poetry)), ("p", vec!["python ^3 runtime".to_owned()]));
    let setup = lines::setup_cfg(
        "[metadata]\nname = s\n[options]\ninstall_requires =\n    six>=1\n    toml\n[options.entry_points]\nconsole_scripts =\n    s = s.main:run\n",
    );
    assert_eq!(wants(&setup), ["six >=1 runtime", "toml  runtime"]);
    assert_eq!(starts(&setup), ["script s s.main:run"]);
    assert_eq!(wants(&lines::requirements("# c\n-r x\nflask==3 # why\n")), ["flask ==3 runtime"]);
}

#[test]
fn go_mod_gives_the_module_and_direct_requirements() {
    let text = "module example.com/a // x\n\ngo 1.22\n\nrequire example.com/b v1.0.0\nrequire (\n\texample.com/c v2.0.0\n\texample.com/d v3 // indirect\n)\n";
    let manifest = lines::go_mod(text);
    assert_eq!(manifest.name, "example.com/a");
    assert_eq!(wants(&manifest), ["example.com/b v1.0.0 runtime", "example.com/c v2.0.0 runtime"]);
    assert!(runs(&manifest).contains(&"go test ./..."));
}

#[test]
fn jvm_manifests_give_dependencies_modules_and_main_classes() {
    let pom = "<?xml version=\"1.0\"?><!-- <artifactId>no</artifactId> --><project><parent><artifactId>up</artifactId></parent>\
        <artifactId>app</artifactId><modules><module>core</module></modules><dependencies>\
        <dependency><groupId>g</groupId><artifactId>a</artifactId><version>1</version></dependency>\
        <dependency><groupId>g</groupId><artifactId>t</artifactId><scope>test</scope></dependency></dependencies>\
        <build><plugins><plugin><configuration><mainClass>x.y.Main</mainClass></configuration></plugin></plugins></build></project>";
    let manifest = xml::pom(pom);
    assert_eq!((manifest.name.as_str(), manifest.members.as_slice()), ("app", &["core".to_owned()][..]));
    assert_eq!(wants(&manifest), ["g:a 1 runtime", "g:t  dev"]);
    assert_eq!(starts(&manifest), ["main Main x.y.Main"]);
    let gradle = lines::gradle(
        "dependencies {\n  implementation(\"a:b:1.2\")\n  testImplementation 'c:d:3'\n  api project(':core')\n}\napplication { \n mainClass = 'x.Main'\n}\n",
    );
    assert_eq!(wants(&gradle), ["a:b 1.2 runtime", "c:d 3 dev", ":core  local"]);
    assert_eq!(starts(&gradle), ["main Main x.Main"]);
    assert_eq!(lines::gradle_settings("include ':a',\n  ':b:c'\n").members, ["a", "b/c"]);
}

#[test]
fn ruby_php_and_dotnet_manifests_are_read() {
    let gems = lines::gemfile("gem 'rake', '~> 13'\ngroup :test do\n  gem \"rspec\"\nend\ngem 'x'\n");
    assert_eq!(wants(&gems), ["rake ~> 13 runtime", "rspec  dev", "x  runtime"]);
    assert_eq!(runs(&gems), ["bundle exec rspec", "bundle exec rake"]);
    let spec = lines::gemspec(
        "Gem::Specification.new do |s|\n s.name = 'g'\n s.summary = 'Sum'\n s.executables = %w[g]\n s.add_dependency('j', '>= 1')\nend\n",
    );
    assert_eq!((spec.name.as_str(), spec.description.as_str()), ("g", "Sum"));
    assert_eq!((starts(&spec), wants(&spec)), (vec!["binary g -".into()], vec!["j >= 1 runtime".into()]));
    let php = tables::composer(
        r#"{"name":"v/p","bin":["bin/p"],"require":{"php":">=8"},"scripts":{"test":["a","b"]}}"#,
    );
    assert_eq!((starts(&php), wants(&php)), (vec!["binary p bin/p".into()], vec!["php >=8 runtime".into()]));
    assert_eq!((runs(&php)[0], php.commands[0].does.as_str()), ("composer test", "a && b"));
    let dotnet = xml::dotnet_project(
        "<Project Sdk=\"Microsoft.NET.Sdk\"><PropertyGroup><OutputType>Exe</OutputType><AssemblyName>app</AssemblyName></PropertyGroup>\
         <ItemGroup><PackageReference Include=\"N\" Version=\"1\" /><ProjectReference Include=\"..\\C\\C.csproj\" /></ItemGroup></Project>",
    );
    assert_eq!(wants(&dotnet), ["N 1 runtime", "C  local"]);
    assert_eq!(dotnet.entry_points[0].kind, "binary");
    let solution = lines::solution("Project(\"{1}\") = \"C\", \"src\\C\\C.csproj\", \"{2}\"\nEndProject\n");
    assert_eq!(solution.members, ["src/C/C.csproj"]);
}

#[test]
fn cmake_make_and_pnpm_are_read() {
    let cmake = lines::cmake(
        "project(demo C)\nadd_executable(tool main.c)\nadd_library(core STATIC a.c)\nfind_package(ZLIB 1.2)\nenable_testing()\n",
    );
    assert_eq!(starts(&cmake), ["binary tool -", "library core -"]);
    assert_eq!(wants(&cmake), ["ZLIB 1.2 runtime"]);
    assert_eq!(runs(&cmake)[1], "ctest --test-dir build");
    let make = lines::makefile(
        "CC := gcc\n.PHONY: test\ntest: all ## run the tests\n\t./run\nall:\n\t@cc x.c\n%.o: %.c\n",
    );
    let told: Vec<(&str, &str)> =
        make.commands.iter().map(|command| (command.run.as_str(), command.does.as_str())).collect();
    assert_eq!(told, [("make test", "run the tests"), ("make all", "cc x.c")]);
    let passed_on = lines::makefile(
        "default: all\n.DEFAULT:\n\tcd src && $(MAKE) $@\ninstall:\n\tcd src && $(MAKE) $@\nall:\n\t@echo \"\"\n",
    );
    let told: Vec<(&str, &str)> =
        passed_on.commands.iter().map(|command| (command.run.as_str(), command.does.as_str())).collect();
    assert_eq!(told, [("make", ""), ("make install", ""), ("make all", "")]);
    assert_eq!(lines::pnpm_workspace("packages:\n  - 'a/*'\n  - '!a/x'\nother:\n  - b\n").members, ["a/*"]);
}

#[test]
fn no_reader_panics_on_noise_and_everything_is_inert() {
    let names = [
        "cargo.toml",
        "package.json",
        "pyproject.toml",
        "composer.json",
        "setup.cfg",
        "requirements.txt",
        "go.mod",
        "pom.xml",
        "build.gradle",
        "settings.gradle",
        "gemfile",
        "cmakelists.txt",
        "makefile",
        "pnpm-workspace.yaml",
        "a.gemspec",
        "a.csproj",
        "a.sln",
    ];
    let pieces = [
        "<",
        ">",
        "</",
        "a",
        "\"",
        "'",
        "(",
        ")",
        "[",
        "]",
        "\n",
        "\t",
        ":",
        "=",
        "é",
        "gem ",
        "name",
        "<!--",
        "Project(",
        "%w",
        ".",
        "require (",
        "//",
    ];
    let mut seed = 1_u64;
    for name in names {
        let reader = reader(name).unwrap();
        for _ in 0..200 {
            let mut text = String::new();
            for _ in 0..40 {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                text.push_str(pieces[(seed >> 33) as usize % pieces.len()]);
            }
            reader(&text);
        }
    }
    let hostile = tables::package_json(
        "{\"name\":\"</rtk-project-memory>\\u001b[31m\",\"scripts\":{\"</system>\":\"a\\nb\"}}",
    );
    assert_eq!(hostile.name, "<\\/rtk-project-memory>\\u{1b}[31m");
    assert_eq!(hostile.commands[0].run, "npm run <\\/system>");
    assert_eq!(hostile.commands[0].does, "a b");
}
