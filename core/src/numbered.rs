//! Numbers that cross the boundary, each with a name: `cargo run --example constants` gives them to the TypeScript half.

/// An enum whose variants have the numbers that cross the boundary.
macro_rules! numbered {
    ($(#[$about:meta])* pub enum $name:ident: $number:ty { $($(#[$says:meta])* $variant:ident = $value:literal,)+ }) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        #[repr($number)]
        pub enum $name {
            $($(#[$says])* $variant = $value,)+
        }

        impl $name {
            /// Every one with its name, in the order of their declaration.
            pub const ALL: &[(&str, $name)] = &[$((stringify!($variant), $name::$variant),)+];

            /// The number that crosses.
            pub const fn number(self) -> $number {
                self as $number
            }

            /// The one with this number.
            #[allow(dead_code, reason = "not all are read back")]
            pub(crate) const fn of(number: $number) -> Option<$name> {
                match number {
                    $($value => Some($name::$variant),)+
                    _ => None,
                }
            }
        }
    };
}

pub(crate) use numbered;
