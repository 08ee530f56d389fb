//! JSON objects whose fields are known in part. What is not known stays where it stood.

use super::{EventType, Headers, Text};
use serde::de::{Deserialize, Deserializer, Error, SeqAccess, Visitor};
use serde::{Serialize, Serializer};
use serde_json::Value;
use std::fmt;
use std::marker::PhantomData;

/// The order in which the fields of an object stood, with those that are not known. It is empty where
/// all are known and stand as they are declared, which is as CloudFront sends them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Order<'a>(Box<[Slot<'a>]>);

/// A field.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Slot<'a> {
    /// One that the type declares.
    Known(&'static str),
    /// Any other.
    Other(Text<'a>, Value),
}

impl<'a> Order<'a> {
    /// Returns the fields.
    pub(super) fn slots(&self) -> &[Slot<'a>] {
        &self.0
    }

    /// Returns whether a declared field has a place here.
    pub(super) fn has(&self, name: &str) -> bool {
        let is = |slot: &Slot<'_>| matches!(slot, Slot::Known(known) if *known == name);
        self.slots().iter().any(is)
    }
}

/// The order of an object that is being read.
pub(super) struct KeyOrder<'a> {
    names: &'static [&'static str],
    order: Vec<Slot<'a>>,
    /// The fields so far, one bit each, as long as they came in the declared order.
    declared: Option<u32>,
}

impl<'a> KeyOrder<'a> {
    /// Begins an object with these declared fields.
    pub fn new(names: &'static [&'static str]) -> Self {
        Self {
            names,
            order: Vec::new(),
            declared: Some(0),
        }
    }

    /// Notes a declared field, by its place. One that is null is written again only where its place is
    /// known.
    pub fn known(&mut self, at: usize, is_null: bool) {
        let bit = 1 << at;
        match self.declared {
            Some(seen) if seen < bit && !is_null => self.declared = Some(seen | bit),
            _ => {
                self.spell_out();
                self.order.push(Slot::Known(self.names[at]));
            }
        }
    }

    /// Notes any other.
    pub fn other(&mut self, name: Text<'a>, value: Value) {
        self.spell_out();
        self.order.push(Slot::Other(name, value));
    }

    /// Returns the order.
    pub fn end(self) -> Order<'a> {
        Order(self.order.into_boxed_slice())
    }

    fn spell_out(&mut self) {
        if let Some(seen) = self.declared.take() {
            let names = self.names.iter().enumerate();
            let seen = names.filter(|(at, _)| seen & (1 << at) != 0);
            self.order.extend(seen.map(|(_, name)| Slot::Known(name)));
        }
    }
}

/// What a field may hold.
pub(super) trait Field: Sized {
    /// Returns what stands for a field that is not there; None where it has to be.
    fn missing() -> Option<Self> {
        None
    }

    /// Returns whether nothing is written for it.
    fn is_missing(&self) -> bool {
        false
    }
}

impl<T> Field for Option<T> {
    fn missing() -> Option<Self> {
        Some(None)
    }

    fn is_missing(&self) -> bool {
        self.is_none()
    }
}

impl Field for EventType {}
impl Field for Headers<'_> {}
impl Field for Text<'_> {}
impl<T> Field for One<T> {}

/// Declares an object: each field with its type and its name in JSON.
macro_rules! object {
    (
        $(#[$about:meta])*
        pub struct $name:ident {
            $( $(#[$about_field:meta])* $field:ident: $type:ty = $json:literal, )*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default, PartialEq)]
        pub struct $name<'a> {
            $( $(#[$about_field])* pub $field: $type, )*
            /// Other fields, and the order of all.
            pub order: $crate::event::object::Order<'a>,
        }

        impl $crate::event::object::Field for $name<'_> {}

        impl<'de: 'a, 'a> serde::Deserialize<'de> for $name<'a> {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                use $crate::event::object::{Field, KeyOrder};
                use serde::de::{Error, MapAccess, Visitor};

                /// The places of the fields.
                #[allow(non_camel_case_types)]
                enum At { $( $field, )* }

                struct Fields<'a>(std::marker::PhantomData<&'a ()>);

                impl<'de: 'a, 'a> Visitor<'de> for Fields<'a> {
                    type Value = $name<'a>;

                    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                        f.write_str("an object")
                    }

                    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<$name<'a>, A::Error> {
                        $( let mut $field: Option<$type> = None; )*
                        let mut reading = KeyOrder::new(&[$($json),*]);
                        while let Some(name) = map.next_key::<$crate::event::Text<'a>>()? {
                            match &*name {
                                $( $json => {
                                    if $field.is_some() {
                                        return Err(A::Error::duplicate_field($json));
                                    }
                                    let value: $type = map.next_value()?;
                                    reading.known(At::$field as usize, value.is_missing());
                                    $field = Some(value);
                                } )*
                                _ => reading.other(name, map.next_value()?),
                            }
                        }
                        Ok($name {
                            $( $field: match $field.or_else(Field::missing) {
                                Some(value) => value,
                                None => return Err(A::Error::missing_field($json)),
                            }, )*
                            order: reading.end(),
                        })
                    }
                }

                deserializer.deserialize_map(Fields(std::marker::PhantomData))
            }
        }

        impl serde::Serialize for $name<'_> {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                use $crate::event::object::{Field, Slot};
                use serde::ser::SerializeMap;

                let mut map = serializer.serialize_map(None)?;
                for slot in self.order.slots() {
                    match slot {
                        $( Slot::Known($json) => map.serialize_entry($json, &self.$field)?, )*
                        Slot::Known(_) => {}
                        Slot::Other(name, value) => map.serialize_entry(name, value)?,
                    }
                }
                $( if !self.$field.is_missing() && !self.order.has($json) {
                    map.serialize_entry($json, &self.$field)?;
                } )*
                map.end()
            }
        }
    };
}
pub(super) use object;

/// An array of one.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct One<T>(pub T);

impl<T: Serialize> Serialize for One<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        [&self.0].serialize(serializer)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for One<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Single<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Single<T> {
            type Value = T;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an array of one")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
                let only = seq.next_element()?;
                let only = only.ok_or_else(|| A::Error::invalid_length(0, &self))?;
                if seq.next_element::<serde::de::IgnoredAny>()?.is_some() {
                    return Err(A::Error::invalid_length(2, &self));
                }
                Ok(only)
            }
        }

        deserializer.deserialize_seq(Single(PhantomData)).map(Self)
    }
}
