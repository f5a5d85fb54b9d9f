//! Names that the contract doesn't have, names that are there twice, and tools that say nothing.

#[aftercall_sdk_macros::plugin]
mod tools {
    type Failure = ();
    type Receipt = ();

    #[tool(effect = read)]
    #[allow(non_snake_case)]
    fn Find_Contact(id: String) -> Result<Receipt, Failure> {
        Ok(())
    }

    /// Has a name that is too long.
    #[tool(effect = read)]
    fn a_name_of_a_tool_that_is_longer_than_any_tool_s_can_be(id: String) -> Result<Receipt, Failure> {
        Ok(())
    }

    /// Finds.
    #[tool(effect = read)]
    fn find(id: String) -> Result<Receipt, Failure> {
        Ok(())
    }

    /// Finds again, and can't fail.
    #[tool(effect = read)]
    fn find(id: String) -> Receipt {
        ()
    }
}

fn main() {}
