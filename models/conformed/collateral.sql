{{ conform('collateral') }}
