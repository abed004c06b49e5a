//! What extraction gives back: symbols with lines, imports, and the limits it works under.

/// What one source file was found to define and import.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Extraction {
    /// Definitions in source order.
    pub symbols: Vec<Symbol>,
    /// Import targets in source order.
    pub imports: Vec<Import>,
    /// Whether something may be missing: parse errors, a limit reached, a minified or oversized file.
    pub partial: bool,
}

/// One definition. Lines are 1-based and inclusive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// What is defined.
    pub kind: SymbolKind,
    /// The bare name, without its container.
    pub name: String,
    /// First line of the definition; comments above it are not included.
    pub start_line: u32,
    /// Last line of the part before the body.
    pub signature_end_line: u32,
    /// Last line of the definition.
    pub end_line: u32,
    /// Index of the enclosing symbol; for methods written outside their type (Go, C++) the type in the same file.
    pub container: Option<u32>,
    /// First line of the doc comment above, or of the docstring inside.
    pub doc_line: Option<u32>,
}

/// One import, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Import {
    /// Raw module path or spec without quotes, such as `./foo`, `crate::a::b`, `os.path`, `<stdio.h>`.
    pub target: String,
    /// Line of the import, 1-based.
    pub line: u32,
}

/// How much work one extraction may do.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Larger sources give nothing, in bytes.
    pub source_bytes_max: usize,
    /// Symbols (and, separately, imports) kept per file.
    pub symbols_max: usize,
    /// Time for the parse of one file, in microseconds.
    pub parse_budget_us: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { source_bytes_max: 4 << 20, symbols_max: 5_000, parse_budget_us: 500_000 }
    }
}

macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $id:literal $text:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[repr(u8)]
        pub enum $name {
            $(#[doc = $text] $variant = $id,)+
        }

        impl $name {
            /// Every value, in order of id.
            pub const ALL: &'static [$name] = &[$($name::$variant,)+];

            /// The stable number that is stored.
            pub fn id(self) -> u8 {
                self as u8
            }

            /// The value of a stored number.
            pub fn from_id(id: u8) -> Option<$name> {
                match id {
                    $($id => Some($name::$variant),)+
                    _ => None,
                }
            }

            /// The lower-case name that is shown.
            pub fn name(self) -> &'static str {
                match self {
                    $($name::$variant => $text,)+
                }
            }
        }
    };
}

numbered! {
    /// What a symbol is. Numbers are stored: never reuse one.
    SymbolKind {
        Function = 1 "function",
        Method = 2 "method",
        Class = 3 "class",
        Struct = 4 "struct",
        Enum = 5 "enum",
        Interface = 6 "interface",
        Trait = 7 "trait",
        Module = 8 "module",
        Type = 9 "type",
        Constant = 10 "constant",
        Variable = 11 "variable",
        Field = 12 "field",
        Macro = 13 "macro",
        Heading = 14 "heading",
        Key = 15 "key",
        Impl = 16 "impl",
        Table = 17 "table",
        Selector = 18 "selector",
        Element = 19 "element",
    }
}

numbered! {
    /// The language of a file. Numbers are stored: never reuse one.
    Language {
        Text = 0 "text",
        Rust = 1 "rust",
        Python = 2 "python",
        JavaScript = 3 "javascript",
        TypeScript = 4 "typescript",
        Tsx = 5 "tsx",
        Go = 6 "go",
        Java = 7 "java",
        C = 8 "c",
        Cpp = 9 "cpp",
        CSharp = 10 "csharp",
        Ruby = 11 "ruby",
        Php = 12 "php",
        Bash = 13 "bash",
        Markdown = 14 "markdown",
        Json = 15 "json",
        Toml = 16 "toml",
        Yaml = 17 "yaml",
        Html = 18 "html",
        Css = 19 "css",
        Sql = 20 "sql",
        Vue = 21 "vue",
        Svelte = 22 "svelte",
        Kotlin = 23 "kotlin",
        Swift = 24 "swift",
        Scala = 25 "scala",
        Lua = 26 "lua",
        Perl = 27 "perl",
        Make = 28 "make",
        Docker = 29 "docker",
        Xml = 30 "xml",
        Ini = 31 "ini",
        Proto = 32 "proto",
        Elixir = 33 "elixir",
        Haskell = 34 "haskell",
        Zig = 35 "zig",
        Dart = 36 "dart",
        R = 37 "r",
        PowerShell = 38 "powershell",
        CMake = 39 "cmake",
        Rst = 40 "rst",
        Tcl = 41 "tcl",
        Notebook = 42 "notebook",
    }
}

impl SymbolKind {
    /// Whether functions directly inside are methods.
    pub fn has_methods(self) -> bool {
        use SymbolKind::{Class, Enum, Impl, Interface, Struct, Trait};
        matches!(self, Class | Struct | Enum | Interface | Trait | Impl)
    }
}
