"""Members who arrive or leave by a transfer, and what goes along with them (接收党员、转接历史)."""
